/**
 * Runs a predicate over many rows without holding the event loop: one process serves every user, and a
 * large filter over a full table can take a second. Stops when the call is aborted.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RowPredicate } from './row-filter.js';
import type { Row } from './table-schema.js';

/** How long other calls may have to wait for this one. Chosen. */
const TURN_MS = 10;

export async function matchingRows(
  rows: readonly Row[],
  matches: RowPredicate,
  signal: AbortSignal,
): Promise<Row[]> {
  const found: Row[] = [];
  let turnEndsAtMs = performance.now() + TURN_MS;
  for (const row of rows) {
    if (performance.now() > turnEndsAtMs) {
      await nextTurn();
      signal.throwIfAborted();
      turnEndsAtMs = performance.now() + TURN_MS;
    }
    if (matches(row)) found.push(row);
  }
  return found;
}
