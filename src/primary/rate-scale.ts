/**
 * The factor on all rates that follows this machine's load: sampled here, smoothed in policy/load-scale.ts,
 * told to others only when it has changed by enough.
 */
import type { Config } from '../../config/config.js';
import { defaultLoadScale, LoadScale, type LoadSignals } from '../policy/load-scale.js';
import { TripRule, type UserEnds } from '../policy/trip-rule.js';
import { loadSignals, type LoadSources } from './load-signals.js';

type AdaptiveConfig = Config['rate']['adaptive'];

/**
 * Of the configured rates at full load. Half, because a user's ten a second must still let a client
 * connect (it sends four to six requests at once; with a tenth it was refused, seen on a full machine).
 */
const MIN_SCALE = 0.5;
/** Below this change the workers need not hear of a new scale. */
const STEP = 0.01;
/** Failures say something from this many calls on. */
const MIN_CALLS_FOR_ERRORS = 20;

export interface RateScaleOptions extends Omit<LoadSources, 'errorRate'> {
  /** In place of the machine's own load. */
  readonly sampleLoad?: (() => LoadSignals) | undefined;
}

interface CallEnds {
  readonly successes: number;
  readonly failures: number;
  readonly users: readonly UserEnds[];
}

export class RateScale {
  readonly #options: RateScaleOptions;
  readonly #errors = new TripRule();
  #config: AdaptiveConfig;
  #smoothed: LoadScale;
  #scale = 1;
  #load: LoadSignals | null = null;

  constructor(options: RateScaleOptions, config: AdaptiveConfig, nowMs: number) {
    this.#options = options;
    this.#config = config;
    this.#smoothed = newLoadScale(config, nowMs);
  }

  /** As it was told last, 0..1. */
  get scale(): number {
    return this.#scale;
  }

  /** Null before the first sample. */
  get load(): LoadSignals | null {
    return this.#load;
  }

  callsEnded({ successes, failures, users }: CallEnds, nowMs: number): void {
    this.#errors.record(nowMs, successes, failures, users);
  }

  /** Returns whether the scale is news. It is 1 while the configuration does not want it to follow. */
  configure(config: AdaptiveConfig, nowMs: number): boolean {
    if (config.threshold !== this.#config.threshold) this.#smoothed = newLoadScale(config, nowMs);
    this.#config = config;
    return !config.enabled && this.#tell(1);
  }

  /** Takes a sample. Returns whether the scale is news. */
  sample(nowMs: number): boolean {
    const { sampleLoad, ...sources } = this.#options;
    const errorRate = (): number => this.#errorRate(nowMs);
    this.#load = sampleLoad?.() ?? loadSignals({ ...sources, errorRate });
    return this.#config.enabled && this.#tell(this.#smoothed.update(nowMs, this.#load));
  }

  #tell(scale: number): boolean {
    const isNews = Math.abs(scale - this.#scale) >= STEP || (scale === 1 && this.#scale < 1);
    if (isNews) this.#scale = scale;
    return isNews;
  }

  /** One user's failures, such as timeouts of a tool that takes too long, are no load of the machine's. */
  #errorRate(nowMs: number): number {
    if (this.#errors.calls(nowMs) < MIN_CALLS_FOR_ERRORS) return 0;
    return Math.min(this.#errors.failureRatio(nowMs), this.#errors.othersFailureRatio(nowMs));
  }
}

function newLoadScale({ threshold }: AdaptiveConfig, nowMs: number): LoadScale {
  return new LoadScale(nowMs, { ...defaultLoadScale, minScale: MIN_SCALE, threshold });
}
