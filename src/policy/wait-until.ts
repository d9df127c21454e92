/**
 * How long to wait until an instant, in whole milliseconds, so that who waits as told is in time.
 * Every limit that answers `0 | waitMs` computes the wait here.
 */

/** Least whole milliseconds (at least 1) with `nowMs + wait >= dueMs`; Infinity when it never comes. */
export function waitUntil(nowMs: number, dueMs: number): number {
  const waitMs = Math.max(1, Math.ceil(dueMs - nowMs));
  // The subtraction rounds: what it gives may be one too many, or fall one unit in the last place short.
  if (waitMs > 1 && nowMs + (waitMs - 1) >= dueMs) return waitMs - 1;
  return nowMs + waitMs < dueMs ? waitMs + 1 : waitMs;
}
