/**
 * Lets only so much work of one kind run at once; the rest waits, and the sources it comes from take turns.
 * Below the limit work starts at once, with nothing queued.
 */
import { monotonicMs } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import { FairQueue } from '../policy/fair-queue.js';

export interface FairGateOptions {
  readonly maxAtOnce: number;
  readonly maxWaiting: number;
  /** Longest wait for the beginning. */
  readonly maxWaitMs: number;
  readonly nowMs?: () => number;
}

interface Waiting {
  begin(): void;
  fail(error: GatewayError): void;
}

/** No single source may fill the queue. */
const SOURCE_SHARE = 0.75;

export class FairGate {
  readonly #maxAtOnce: number;
  readonly #nowMs: () => number;
  readonly #queue: FairQueue<Waiting>;
  #running = 0;

  constructor(options: FairGateOptions) {
    this.#maxAtOnce = options.maxAtOnce;
    this.#nowMs = options.nowMs ?? monotonicMs;
    this.#queue = new FairQueue({
      maxWaiting: options.maxWaiting,
      maxWaitingPerUser: Math.ceil(options.maxWaiting * SOURCE_SHARE),
      timeoutMs: options.maxWaitMs,
    });
  }

  /** Rejects as `work` does, or with GW_STORE_UNAVAILABLE without having begun it. */
  async run<T>(source: string, work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#maxAtOnce) await this.#turn(source);
    else this.#running += 1;
    try {
      return await work();
    } finally {
      this.#passOn();
    }
  }

  /** Resolves with a place in hand: the one that just ended. */
  #turn(source: string): Promise<void> {
    return new Promise((begin, fail) => {
      const joined = this.#queue.join(source, { begin, fail }, this.#nowMs());
      if (typeof joined === 'string') fail(busy());
    });
  }

  #passOn(): void {
    const nowMs = this.#nowMs();
    for (let late = this.#queue.expireOne(nowMs); late; late = this.#queue.expireOne(nowMs)) {
      late.item.fail(busy());
    }
    const next = this.#queue.serve();
    if (next === undefined) this.#running -= 1;
    else next.item.begin();
  }
}

function busy(): GatewayError {
  return new GatewayError('GW_STORE_UNAVAILABLE', {
    hint: 'Too many credentials are being verified.',
    retryAfterMs: 1000,
  });
}
