/** Load that does not wait for answers, and clients that wait as they are told. */
import { setTimeout as pause } from 'node:timers/promises';

export interface OpenLoopOptions {
  readonly everyMs: number;
  readonly forMs: number;
}

/** Starts a call every `everyMs` for `forMs`, whatever becomes of those before; resolves with all. */
export async function openLoop<Reply>(
  call: (index: number) => Promise<Reply>,
  { everyMs, forMs }: OpenLoopOptions,
): Promise<readonly Reply[]> {
  const calls: Promise<Reply>[] = [];
  const startedAtMs = performance.now();
  for (let i = 0; i * everyMs < forMs; i += 1) {
    const waitMs = startedAtMs + i * everyMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    calls.push(call(i));
  }
  return Promise.all(calls);
}

/** A client that honours `Retry-After`, and not a millisecond more. */
export function waitAsTold(seconds: number): Promise<void> {
  return pause(seconds * 1000);
}
