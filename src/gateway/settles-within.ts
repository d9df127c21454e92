/** Whether a piece of work ends soon, for a caller who has something to go on with when it does not. */
import { setTimeout as pause } from 'node:timers/promises';

/** False when `timeoutMs` passed first. Never rejects: a failure of `work` is for whoever awaits it. */
export async function settlesWithin(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const late = new AbortController();
  const { signal } = late;
  const waited = pause(timeoutMs, false, { signal }).catch(() => false);
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, waited]);
  } finally {
    late.abort();
  }
}
