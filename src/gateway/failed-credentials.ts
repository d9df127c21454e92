/**
 * How many refused credentials one source may cause: a burst, then a steady rate (a token bucket each). Beyond it new
 * credentials from there are not verified, so that guessing is slow, and a flood of forgeries costs what refusing it
 * costs. Counted is what was verified and refused: a crowd of good newcomers behind one address spends nothing.
 *
 * Loopback is nobody's own source: a proxy on this machine that `trustProxy` does not name stands there for all its
 * clients, and one forger among them would lock out the others.
 */
import { KeyedLimits } from '../policy/keyed-limits.js';
import { TokenBucket } from '../policy/token-bucket.js';
import { sourceOf } from './source.js';

/** Chosen: all clients of an office may come with expired tokens at once, after a night. */
const BURST_SECONDS = 10;
/** At 200 bytes each. With more who fail at a time, those beyond are verified as if nobody counted. */
const MAX_SOURCES = 10_000;

const LOOPBACK_IPV6 = sourceOf('::1');

export class FailedCredentials {
  readonly #limits: KeyedLimits<TokenBucket>;

  constructor(perSecond: number) {
    const rate = { capacity: perSecond * BURST_SECONDS, refillPerSecond: perSecond };
    this.#limits = new KeyedLimits({
      maxKeys: MAX_SOURCES,
      create: (_source, nowMs) => new TokenBucket(rate, nowMs),
    });
  }

  /** Milliseconds until a new credential from `source` is verified again; 0: now. */
  waitMs(source: string, nowMs: number): number {
    return this.#limits.peek(source)?.waitMs(nowMs) ?? 0;
  }

  count(source: string, nowMs: number): void {
    if (source === LOOPBACK_IPV6 || source.startsWith('127.')) return;
    this.#limits.get(source, nowMs)?.takeUpTo(nowMs, 1);
  }

  /** Forgets sources whose burst is whole again. Returns how many. */
  sweep(nowMs: number): number {
    return this.#limits.sweep(nowMs);
  }
}
