/**
 * Picks lines out of a log's text as it comes, in pieces: first the last `backlog` ones of what is there,
 * then every one that is added.
 */
import type { LogLine } from './log-filter.js';

export interface LogSelectionOptions {
  /** Null: every line. */
  readonly filter: ((line: LogLine) => boolean) | null;
  /** Null: the line as it is. */
  readonly format: ((line: LogLine) => string) | null;
  /** Of what is there at the beginning; null: all. */
  readonly backlog: number | null;
  readonly write: (text: string) => void;
}

export class LogSelection {
  readonly #options: LogSelectionOptions;
  #rest = '';
  #kept: string[] = [];
  #isBacklog = true;

  constructor(options: LogSelectionOptions) {
    this.#options = options;
  }

  take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#takeLine(line);
  }

  /** What was there is read: shows its last lines. */
  endBacklog(): void {
    const { backlog, write } = this.#options;
    this.#isBacklog = false;
    if (backlog !== null && backlog > 0)
      for (const shown of this.#kept.slice(-backlog)) write(`${shown}\n`);
    this.#kept = [];
  }

  #takeLine(line: string): void {
    const shown = this.#shown(line);
    if (shown === null) return;
    const { backlog, write } = this.#options;
    if (!this.#isBacklog || backlog === null) {
      write(`${shown}\n`);
      return;
    }
    this.#kept.push(shown);
    // Twice as many before the array is cut, so that a long log is not cut at each line.
    if (this.#kept.length > 2 * backlog + 100) this.#kept = this.#kept.slice(-backlog);
  }

  #shown(line: string): string | null {
    const { filter, format } = this.#options;
    const parsed = parse(line);
    // The end of a line that a full disk cut off, or a blank one.
    if (parsed === null) return null;
    if (filter !== null && !filter(parsed)) return null;
    return format === null ? line : format(parsed);
  }
}

function parse(line: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as LogLine) : null;
  } catch {
    return null;
  }
}
