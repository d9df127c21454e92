/**
 * What a worker asks of the store on behalf of callers: so much at once and no more, the sources that ask
 * taking turns. After a failure nothing is asked for a while, so that not every request waits for a store
 * that is away.
 */
import { GatewayError } from '../kernel/errors.js';
import { FairGate } from './fair-gate.js';

/** Chosen: more than a store's connections, so that it is never idle. */
const LOOKUPS = { maxAtOnce: 64, maxWaiting: 16_384, maxWaitMs: 10_000 };

/** For so long the store is left alone after it failed. */
export const STORE_PAUSE_MS = 1000;

export class StoreLookups {
  readonly #nowMs: () => number;
  readonly #gate: FairGate;
  #pausedUntilMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#gate = new FairGate({ ...LOOKUPS, nowMs });
  }

  /** Rejects with GW_STORE_UNAVAILABLE: the look-up failed, another did a moment ago, or too many wait. */
  run<Found>(source: string, lookUp: () => Promise<Found>): Promise<Found> {
    return this.#gate.run(source, async () => {
      if (this.#nowMs() < this.#pausedUntilMs) throw storeAway(undefined);
      try {
        return await lookUp();
      } catch (cause) {
        this.#pausedUntilMs = this.#nowMs() + STORE_PAUSE_MS;
        throw storeAway(cause);
      }
    });
  }
}

export function storeAway(cause: unknown): GatewayError {
  return new GatewayError('GW_STORE_UNAVAILABLE', { cause, retryAfterMs: STORE_PAUSE_MS });
}
