/**
 * How many refused credentials one source may cause: a burst, then a steady rate (a token bucket each). Beyond it new
 * credentials from there are not verified, so that guessing is slow, and a flood of forgeries costs what refusing it
 * costs. Counted is what was verified and refused: a crowd of good newcomers behind one address spends nothing.
 * What is being verified may all be refused, so a source that was refused lately has no more under way than that.
 *
 * Loopback is nobody's own source: a proxy on this machine that `trustProxy` does not name stands there for all its
 * clients, and one forger among them would lock out the others. Nor is the empty one: who is proven again.
 */
import { KeyedLimits } from '../policy/keyed-limits.js';
import { TokenBucket } from '../policy/token-bucket.js';
import { sourceOf } from './source.js';

/** Chosen: all clients of an office may come with expired tokens at once, after a night. */
const BURST_SECONDS = 10;
/** At 300 bytes each. With more who fail at a time, those beyond are verified as if nobody counted. */
const MAX_SOURCES = 10_000;

const LOOPBACK_IPV6 = sourceOf('::1');

export class FailedCredentials {
  readonly #sources: KeyedLimits<Source>;

  constructor(perSecond: number) {
    const rate = { capacity: perSecond * BURST_SECONDS, refillPerSecond: perSecond };
    this.#sources = new KeyedLimits({
      maxKeys: MAX_SOURCES,
      create: (_source, nowMs) => new Source(new TokenBucket(rate, nowMs)),
    });
  }

  /** Milliseconds until a new credential from `source` is verified again; 0: now. */
  waitMs(source: string, nowMs: number): number {
    return this.#sources.peek(source)?.waitMs(nowMs) ?? 0;
  }

  /** A verification begins that takes a while; `end` follows. */
  begin(source: string, nowMs: number): void {
    this.#source(source, nowMs)?.begin();
  }

  end(source: string): void {
    this.#sources.peek(source)?.end();
  }

  /** One was refused. */
  count(source: string, nowMs: number): void {
    this.#source(source, nowMs)?.count(nowMs);
  }

  /** Forgets sources whose burst is whole again. Returns how many. */
  sweep(nowMs: number): number {
    return this.#sources.sweep(nowMs);
  }

  #source(source: string, nowMs: number): Source | undefined {
    if (source === '' || source === LOOPBACK_IPV6 || source.startsWith('127.')) return undefined;
    return this.#sources.get(source, nowMs);
  }
}

class Source {
  readonly #allowed: TokenBucket;
  #underWay = 0;

  constructor(allowed: TokenBucket) {
    this.#allowed = allowed;
  }

  waitMs(nowMs: number): number {
    const isUnsuspected = this.#allowed.isIdle(nowMs);
    if (isUnsuspected || this.#underWay < this.#allowed.remaining(nowMs)) return 0;
    return Math.max(1, this.#allowed.waitMs(nowMs));
  }

  begin(): void {
    this.#underWay += 1;
  }

  /** More may end than began here: the table was full when they began. */
  end(): void {
    this.#underWay = Math.max(0, this.#underWay - 1);
  }

  count(nowMs: number): void {
    this.#allowed.takeUpTo(nowMs, 1);
  }

  isIdle(nowMs: number): boolean {
    return this.#underWay === 0 && this.#allowed.isIdle(nowMs);
  }
}
