/**
 * How deep a JSON text is nested, counted without recursion: the parser and all that walks its result call themselves
 * once a level, and a text of nothing but brackets would end them with an overflow of the stack.
 */
import { createScanner } from 'jsonc-parser';

// SyntaxKind of jsonc-parser, an ambient const enum that isolated modules cannot read.
const OPENING: ReadonlySet<number> = new Set([1, 3]);
const CLOSING: ReadonlySet<number> = new Set([2, 4]);
const END = 17;

/** Offset of the first bracket deeper than `maxDepth`; null when there is none. Brackets in texts and comments are none. */
export function tooDeepAt(text: string, maxDepth: number): number | null {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== END; token = scanner.scan()) {
    if (OPENING.has(token)) depth += 1;
    else if (CLOSING.has(token)) depth -= 1;
    if (depth > maxDepth) return scanner.getTokenOffset();
  }
  return null;
}
