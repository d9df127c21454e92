/**
 * Waits for a condition that no event announces (a port freed by the kernel, a process gone, a
 * counter of another process back at zero). The only poll in the tests; every one has a deadline.
 */
import { setTimeout as pause } from 'node:timers/promises';

export interface UntilOptions {
  readonly timeoutMs: number;
  /** Default 20. */
  readonly everyMs?: number;
  /** Names the condition in the error. */
  readonly what: string;
}

/** Resolves with the first value that is neither undefined, null nor false; rejects at the deadline. */
export async function until<T>(
  probe: () => T | Promise<T>,
  options: UntilOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const deadlineMs = performance.now() + options.timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<T, undefined | null | false>;
      }
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadlineMs) {
      throw new Error(`${options.what}: not within ${options.timeoutMs} ms`, { cause: last });
    }
    await pause(options.everyMs ?? 20);
  }
}

/** Rejects when `promise` takes longer than `timeoutMs`. */
export async function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  const late = new AbortController();
  const deadline = pause(timeoutMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`${what}: not within ${timeoutMs} ms`);
  });
  deadline.catch(() => undefined); // Aborted below when the promise was faster.
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    late.abort();
  }
}
