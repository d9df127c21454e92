/**
 * Reads a tool's arguments with errors made for a model: the argument's name, what it should be, what
 * it was. Unknown arguments are refused, because a mistyped `filter` would otherwise select everything.
 */
import { didYouMean } from './nearest-name.js';
import { quote, ToolProblem } from './tool-problem.js';

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
  readonly absent: number;
}

export class ToolArguments {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: Readonly<Record<string, unknown>>, known: readonly string[]) {
    // Some clients send null for what they leave out.
    const given = Object.entries(values).filter(([, value]) => value !== null);
    this.#values = new Map(given);
    for (const name of Object.keys(values)) {
      if (known.includes(name)) continue;
      throw new ToolProblem(
        `There is no argument ${quote(name)}.${didYouMean(name, known)} Arguments: ${known.join(', ') || 'none'}.`,
      );
    }
  }

  /** For parsers that do their own checking; undefined when absent. */
  value(name: string): unknown {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.get(name) !== undefined;
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw new ToolProblem(`Argument "${name}" is missing.`);
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === undefined || typeof value === 'string') return value;
    throw new ToolProblem(`Argument "${name}" is a text, got ${quote(value)}.`);
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[], absent: Choice): Choice {
    const value = this.#values.get(name) ?? absent;
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    throw new ToolProblem(
      `Argument "${name}" is one of ${choices.map(quote).join(', ')}, got ${quote(value)}.`,
    );
  }

  /** False when absent. */
  flag(name: string): boolean {
    const value = this.#values.get(name) ?? false;
    if (typeof value === 'boolean') return value;
    throw new ToolProblem(`Argument "${name}" is true or false, got ${quote(value)}.`);
  }

  integer(name: string, { min, max, absent }: IntegerRange): number {
    const value = this.#values.get(name) ?? absent;
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) {
      return Number(value);
    }
    throw new ToolProblem(
      `Argument "${name}" is a whole number from ${min} to ${max}, got ${quote(value)}.`,
    );
  }

  list(name: string, { max }: { readonly max: number }): readonly unknown[] {
    const value = this.#values.get(name);
    if (!Array.isArray(value)) {
      throw new ToolProblem(`Argument "${name}" is a list, got ${quote(value)}.`);
    }
    if (value.length > max) {
      throw new ToolProblem(
        `Argument "${name}" holds ${value.length} items; the most is ${max}. Send them in several calls.`,
      );
    }
    return value;
  }
}
