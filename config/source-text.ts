/** The text of a file as problems point into it: line, column and the line itself, of any piece of it. */
import { dotted } from './problem.js';
import type { Problem, ProblemText, SettingPath } from './problem.js';

/** In UTF-16 units from the start of the text. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

export const START: Piece = { offset: 0, length: 1 };

/** Keys that would reach an object's prototype: a later merge of settings would set it. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set([
  '__proto__',
  'constructor',
  'prototype',
]);

export class SourceText {
  readonly #text: string;
  readonly #file: string;
  readonly #lineStarts: readonly number[];

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.#lineStarts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  }

  /** 1-based. */
  lineAt(offset: number): number {
    return this.#lineStarts.findLastIndex((start) => start <= offset) + 1;
  }

  /** At `what.within` where that is in the piece. What is underlined ends with its line. */
  problem(piece: Piece, path: SettingPath, what: ProblemText): Problem {
    const { offset, length } = this.#inner(piece, what.within);
    const line = this.lineAt(offset);
    const start = this.#lineStarts[line - 1] ?? 0;
    const [sourceLine = ''] = this.#text.slice(start, this.#lineStarts[line]).split(/\r?\n/, 1);
    return {
      file: this.#file,
      line,
      column: offset - start + 1,
      length: Math.max(1, Math.min(length, start + sourceLine.length - offset)),
      path: dotted(path),
      message: what.message,
      hint: what.hint ?? null,
      sourceLine: withoutPasswords(sourceLine),
    };
  }

  #inner(piece: Piece, within: string | undefined): Piece {
    if (within === undefined) return piece;
    const offset = this.#text.indexOf(within, piece.offset);
    const isInside = offset >= 0 && offset < piece.offset + piece.length;
    return isInside ? { offset, length: within.length } : piece;
  }
}

/** What a line is shown for is never a password in a URL of it; columns stay. */
function withoutPasswords(line: string): string {
  const masked = (_: string, before: string, password: string) =>
    before + '*'.repeat(password.length);
  return line.replace(/(:\/\/[^\s"/:@]*:)([^\s"]+)(?=@)/g, masked);
}
