/**
 * How much of the configured rate this machine should admit now: all of it below `threshold`, then
 * less the nearer any of its signals comes to full, and all of it again by itself. Falling is
 * quick, because overload feeds on itself; rising is slow and starts only a step below the
 * threshold, so that the scale does not swing with its own effect.
 *
 *   worst signal   0 ───────── threshold - hysteresis ── threshold ───────────── 1
 *   scale heads to 1 (rising)            stays            1 (falling) ……… minScale
 */

export interface LoadSignals {
  /** Each 0..1, 1 = no more to give. */
  readonly cpu: number;
  readonly memory: number;
  readonly eventLoopDelay: number;
  readonly errorRate: number;
}

export interface LoadScaleOptions {
  /** `adaptiveThreshold`; default 0.8. */
  readonly threshold: number;
  /**
   * The scale when a signal is at 1. Default 0.1: some work must pass, or nothing tells when it is
   * over.
   */
  readonly minScale: number;
  /** Default 0.05. */
  readonly hysteresis: number;
  /** Time to cover about two thirds of the way down. Default 1 000. */
  readonly fallMs: number;
  /** Time to rise from 0 to 1. Default 10 000, as the breaker's ramp. */
  readonly riseMs: number;
}

export const defaultLoadScale: LoadScaleOptions = {
  threshold: 0.8,
  minScale: 0.1,
  hysteresis: 0.05,
  fallMs: 1000,
  riseMs: 10_000,
};

export class LoadScale {
  readonly #options: LoadScaleOptions;
  #scale = 1;
  #updatedAtMs: number;

  constructor(nowMs: number, options: LoadScaleOptions = defaultLoadScale) {
    this.#updatedAtMs = nowMs;
    this.#options = options;
  }

  /** Factor for the configured rates, minScale..1. */
  get scale(): number {
    return this.#scale;
  }

  /**
   * Takes in a sample; how often is free, only the time between samples counts. Returns the new
   * scale.
   */
  update(nowMs: number, signals: LoadSignals): number {
    const { threshold, hysteresis, fallMs, riseMs } = this.#options;
    const elapsedMs = Math.max(0, nowMs - this.#updatedAtMs);
    this.#updatedAtMs = Math.max(this.#updatedAtMs, nowMs);
    const worst = worstOf(signals);
    const target = this.#targetFor(worst);
    if (target < this.#scale) {
      this.#scale += (target - this.#scale) * (1 - Math.exp(-elapsedMs / fallMs));
    } else if (worst < threshold - hysteresis) {
      this.#scale = Math.min(1, this.#scale + elapsedMs / riseMs);
    }
    return this.#scale;
  }

  #targetFor(worst: number): number {
    const { threshold, minScale } = this.#options;
    if (worst <= threshold) return 1;
    const excess = Math.min(1, (worst - threshold) / (1 - threshold));
    return 1 - excess * (1 - minScale);
  }
}

/** A signal that is missing (NaN) is no reason to throttle. */
function worstOf({ cpu, memory, eventLoopDelay, errorRate }: LoadSignals): number {
  return Math.max(cpu || 0, memory || 0, eventLoopDelay || 0, errorRate || 0);
}
