/**
 * What one load has found so far. A setting with a problem is not sound, nor is what lies below it, and later checks
 * leave it alone: one mistake gives one message.
 */
import type { JsoncDocument } from './jsonc.js';
import { byPosition, dotted } from './problem.js';
import type { Problem, ProblemText, SettingPath } from './problem.js';

export class Findings {
  readonly #document: JsoncDocument;
  /** Dotted setting → the environment variable that set it. */
  readonly #variables = new Map<string, string>();
  readonly #unsound = new Set<string>();
  readonly #misspelt = new Set<string>();
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];

  constructor(document: JsoncDocument) {
    this.#document = document;
    this.#problems.push(...document.problems);
  }

  get problems(): readonly Problem[] {
    return this.#problems.toSorted(byPosition);
  }

  get warnings(): readonly Problem[] {
    return this.#warnings.toSorted(byPosition);
  }

  isSound(path: SettingPath): boolean {
    return path.every((_, i) => !this.#unsound.has(dotted(path.slice(0, i + 1))));
  }

  /** From now on a problem with this setting is one of the variable that set it. */
  blame(path: SettingPath, variable: string): void {
    this.#variables.set(dotted(path), variable);
  }

  /** Another key was probably meant to be this one. */
  misspelt(path: SettingPath): void {
    this.#misspelt.add(dotted(path));
  }

  /** Whether it is known why this setting is absent: it is wrong and was left out, or it is misspelt. */
  isExplained(path: SettingPath): boolean {
    return this.#misspelt.has(dotted(path)) || !this.isSound(path);
  }

  /** Says no more of this setting. */
  doubt(path: SettingPath): void {
    this.#unsound.add(dotted(path));
  }

  report(path: SettingPath, what: ProblemText): void {
    if (!this.isSound(path)) return;
    this.doubt(path);
    this.add(path, what);
  }

  /** As report, for several findings that do not exclude each other. */
  add(path: SettingPath, what: ProblemText): void {
    this.#problems.push(this.#locate(path, what));
  }

  warn(path: SettingPath, what: ProblemText): void {
    if (this.isSound(path)) this.#warnings.push(this.#locate(path, what));
  }

  reportVariable(name: string, what: ProblemText): void {
    this.#problems.push(variableProblem(name, what));
  }

  warnVariable(name: string, what: ProblemText): void {
    this.#warnings.push(variableProblem(name, what));
  }

  #locate(path: SettingPath, what: ProblemText): Problem {
    const variable = this.#variables.get(dotted(path));
    return variable === undefined
      ? this.#document.problemAt(path, what)
      : variableProblem(variable, what);
  }
}

function variableProblem(name: string, { message, hint = null }: ProblemText): Problem {
  return {
    file: null,
    line: null,
    column: null,
    length: 0,
    path: name,
    message,
    hint,
    sourceLine: null,
  };
}
