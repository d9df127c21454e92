/**
 * The two clocks. Durations, deadlines and rates use monotonic time, which never steps;
 * stored instants and token claims use the wall clock, which may.
 */

/** Milliseconds since process start, monotonic; only differences mean something. */
export function monotonicMs(): number {
  return performance.now();
}

/** The present instant for storing and showing; never for measuring a duration. */
export function wallDate(): Date {
  return new Date();
}

/** Milliseconds since the Unix epoch: the present instant where a Date would be made for nothing. */
export function wallMs(): number {
  return new Date().getTime();
}

/** Seconds since the Unix epoch, as JWT claims count them (RFC 7519 NumericDate). */
export function wallSeconds(): number {
  return Math.floor(new Date().getTime() / 1000);
}
