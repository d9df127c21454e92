/**
 * What is wrong with a setting, and where. All problems of a load are collected and thrown as one ConfigError, because
 * a sysadmin who fixes a file wants one list, not one error a start.
 */
import { styleText } from 'node:util';

/** Keys from the root of the file down, as in `['servers', 'github', 'url']`. */
export type SettingPath = readonly (string | number)[];

export interface Problem {
  /** Null when the cause is the environment, which `path` then names. */
  readonly file: string | null;
  /** 1-based; null when the file as a whole is meant. */
  readonly line: number | null;
  readonly column: number | null;
  /** Characters to underline. */
  readonly length: number;
  /** Dotted setting, or the name of an environment variable; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | null;
  /** The line of the file as it stands. */
  readonly sourceLine: string | null;
}

export interface ProblemText {
  readonly message: string;
  readonly hint?: string | null;
  /** What to underline; the value unless said otherwise. */
  readonly at?: 'key' | 'value';
  /** Underline only this piece of the value's text. */
  readonly within?: string;
}

/** How a check reports: it knows the setting, the caller knows the position. */
export type Report = (path: SettingPath, what: ProblemText) => void;

/** Stops the start: exit code 78. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(formatProblems(problems, { color: false }));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `servers.github.args[1]`; names with a dot or space are quoted: `servers["my.server"]`. */
export function dotted(path: SettingPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    if (!/^[\w$-]+$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** For sorting: in the order of the file, the environment last. */
export function byPosition(a: Problem, b: Problem): number {
  if (a.line === null || b.line === null) return Number(a.line === null) - Number(b.line === null);
  return a.line - b.line || (a.column ?? 0) - (b.column ?? 0);
}

/** `file:line:col path message`, the source line with a caret under the place, and the hint. */
export function formatProblems(
  problems: readonly Problem[],
  { color }: { readonly color: boolean },
): string {
  return problems.map((problem) => formatProblem(problem, color)).join('\n');
}

/** `file:line:column setting message (hint)`. */
export function oneLine({ file, line, column, path, message, hint }: Problem): string {
  const place = [file ?? 'environment', line, column].filter((part) => part !== null).join(':');
  const subject = path === '' ? '' : ` ${path}`;
  return `${place}${subject} ${message}${hint === null ? '' : ` (${hint})`}`;
}

type Style = Parameters<typeof styleText>[0];

function formatProblem(problem: Problem, color: boolean): string {
  const paint = (style: Style, text: string) =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const subject = problem.path === '' ? '' : `${paint('bold', problem.path)} `;
  const lines = [`${paint('cyan', position(problem))} ${subject}${problem.message}`];
  if (problem.sourceLine !== null && problem.line !== null && problem.column !== null) {
    const { text, at } = excerpt(problem.sourceLine, problem.column - 1);
    const gutter = String(problem.line).padStart(5);
    const carets = '^'.repeat(Math.max(1, Math.min(problem.length, text.length - at)));
    lines.push(`${gutter} | ${text}`, `      | ${' '.repeat(at)}${paint('red', carets)}`);
  }
  if (problem.hint !== null) lines.push(`        ${paint('green', problem.hint)}`);
  return lines.join('\n');
}

function position({ file, line, column }: Problem): string {
  if (file === null) return 'environment';
  return line === null || column === null ? file : `${file}:${line}:${column}`;
}

/** Widest stretch of a line shown: a minified file has one line of any length. */
const EXCERPT_CHARACTERS = 110;

function excerpt(line: string, index: number): { text: string; at: number } {
  // A tab would be printed wider than the caret line below assumes.
  const flat = line.replaceAll('\t', ' ');
  const start = index < EXCERPT_CHARACTERS - 20 ? 0 : index - 40;
  return { text: flat.slice(start, start + EXCERPT_CHARACTERS), at: index - start };
}
