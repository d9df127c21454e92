/**
 * Refuse early when this process is saturated: green serves everything, amber gives up comforts
 * (keep-alive, queueing, stream opens), red sheds new work with 503. Thresholds after Envoy's
 * overload manager (heap 92 % stops keep-alive, 95 % sheds). Worse is believed at
 * once, better only after it has lasted for `calmMs` and by a margin, and step by step, so that the
 * state does not flap with the load it sheds.
 */

export type ShedState = 'green' | 'amber' | 'red';

export interface SaturationSignals {
  /** RSS (or heap) / its limit. */
  readonly memory: number;
  /** Event-loop delay / the delay that counts as saturated. */
  readonly eventLoopDelay: number;
  /** Open descriptors / the limit. */
  readonly descriptors: number;
}

export interface LoadShedderOptions {
  /** Default 0.92. */
  readonly amberFrom: number;
  /** Default 0.95. */
  readonly redFrom: number;
  /** How far below its threshold a state ends. Default 0.02. */
  readonly margin: number;
  /** Default 1 000. */
  readonly calmMs: number;
}

export const defaultLoadShedder: LoadShedderOptions = {
  amberFrom: 0.92,
  redFrom: 0.95,
  margin: 0.02,
  calmMs: 1000,
};

export class LoadShedder {
  readonly #options: LoadShedderOptions;
  #state: ShedState = 'green';
  #calmSinceMs: number | undefined;

  constructor(options: LoadShedderOptions = defaultLoadShedder) {
    this.#options = options;
  }

  get state(): ShedState {
    return this.#state;
  }

  update(nowMs: number, { memory, eventLoopDelay, descriptors }: SaturationSignals): ShedState {
    const { amberFrom, redFrom, margin, calmMs } = this.#options;
    const worst = Math.max(memory || 0, eventLoopDelay || 0, descriptors || 0);
    if (worst >= redFrom) return this.#enter('red');
    if (worst >= amberFrom && this.#state === 'green') return this.#enter('amber');
    const endsBelow = (this.#state === 'red' ? redFrom : amberFrom) - margin;
    if (this.#state === 'green' || worst >= endsBelow) {
      this.#calmSinceMs = undefined;
      return this.#state;
    }
    this.#calmSinceMs ??= nowMs;
    if (nowMs - this.#calmSinceMs < calmMs) return this.#state;
    return this.#enter(this.#state === 'red' ? 'amber' : 'green');
  }

  #enter(state: ShedState): ShedState {
    this.#state = state;
    this.#calmSinceMs = undefined;
    return state;
  }
}
