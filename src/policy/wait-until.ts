/**
 * How long to wait until an instant, in whole milliseconds, so that who waits as told is in time.
 * Every limit that answers `0 | waitMs` computes the wait here.
 */

/** Whole milliseconds (at least 1) with `nowMs + wait >= dueMs`; Infinity when it never comes. */
export function waitUntil(nowMs: number, dueMs: number): number {
  const waitMs = Math.max(1, Math.ceil(dueMs - nowMs));
  // The subtraction rounds: adding the wait back may fall one unit in the last place short.
  return nowMs + waitMs < dueMs ? waitMs + 1 : waitMs;
}
