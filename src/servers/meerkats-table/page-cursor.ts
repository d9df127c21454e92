/**
 * Cursors: where the next page starts. A cursor names the last row's place in the order, so rows that
 * come or go meanwhile neither repeat nor hide others. Where that place would be too long to hand
 * around (long texts sorted by), or rows are aggregates, it counts rows instead. A digest of the query
 * keeps a cursor from being continued with another one; it is no secret and guards nothing.
 */
import { createHash } from 'node:crypto';
import { isJson, canonicalJson, type Comparable } from './cell-values.js';
import { comparePositions, type PlacedRow, type SortPosition, type SortTerm } from './row-sort.js';
import { ToolProblem } from './tool-problem.js';

/** Longer than this in JSON, a position is replaced by a count. */
const MAX_POSITION_LENGTH = 1_000;
const MAX_CURSOR_LENGTH = 4_000;

export type Cursor =
  | { readonly kind: 'after'; readonly position: SortPosition }
  | { readonly kind: 'offset'; readonly offset: number };

/** Eight bytes that stand for everything that decides which rows come in which order. */
export function queryDigest(parts: readonly unknown[]): string {
  const text = parts.map((part) => (isJson(part) ? canonicalJson(part) : '')).join('\n');
  return createHash('sha256').update(text).digest('base64url').slice(0, 11);
}

/** The cursor after `last`, which is the row number `rowsBefore` (counted from 1) of the whole outcome. */
export function writeCursor(
  digest: string,
  last: SortPosition,
  rowsBefore: number,
  isStored: boolean,
): string {
  const after = JSON.stringify([digest, last.id, ...last.keys]);
  const text =
    isStored && after.length <= MAX_POSITION_LENGTH
      ? after
      : JSON.stringify([digest, { offset: rowsBefore }]);
  return Buffer.from(text).toString('base64url');
}

export function readCursor(digest: string, cursor: string): Cursor {
  const [cursorDigest, place, ...keys] = decode(cursor);
  if (cursorDigest !== digest) {
    throw new ToolProblem(
      'This cursor belongs to another query. Repeat the call that gave it, with table, filter, sort, group_by and aggregates unchanged, or leave the cursor out.',
    );
  }
  if (isWholeNumber(place)) {
    if (keys.every(isComparable)) return { kind: 'after', position: { id: place, keys } };
  } else if (typeof place === 'object' && place !== null && 'offset' in place) {
    if (isWholeNumber(place.offset)) return { kind: 'offset', offset: place.offset };
  }
  throw brokenCursor();
}

/** The index of the first row of the page. */
export function pageStart(
  rows: readonly PlacedRow[],
  terms: readonly SortTerm[],
  cursor: Cursor,
): number {
  if (cursor.kind === 'offset') return cursor.offset;
  // A position of another shape cannot come from us; comparing it would mix numbers with text.
  if (cursor.position.keys.length !== terms.length) throw brokenCursor();
  const index = rows.findIndex((row) => comparePositions(terms, row, cursor.position) > 0);
  return index === -1 ? rows.length : index;
}

function decode(cursor: string): readonly unknown[] {
  if (cursor.length > MAX_CURSOR_LENGTH) throw brokenCursor();
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value)) return value;
  } catch {
    // Not JSON: whatever it is, it is no cursor of ours.
  }
  throw brokenCursor();
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isComparable(value: unknown): value is Comparable {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function brokenCursor(): ToolProblem {
  return new ToolProblem(
    'This is no cursor of query_rows. Pass next_cursor exactly as it came, or leave it out.',
  );
}
