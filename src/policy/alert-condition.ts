/**
 * Whether a measured level is an alert: it must stay above its threshold for a while before it is one,
 * and below a lower mark for as long before it is over, so that neither one odd sample nor a level that
 * trembles around the threshold makes it flap.
 *
 *          > threshold for sustainMs
 *   quiet ───────────────────────────► raised
 *         ◄───────────────────────────
 *          < clearBelow for sustainMs
 */

export interface AlertReading {
  /** Any unit. NaN: unknown now; nothing changes for it. */
  readonly value: number;
  /** Above this it is too high. */
  readonly threshold: number;
  /** Below this it is over; at most `threshold`. */
  readonly clearBelow: number;
  /** 0 = one sample is enough. */
  readonly sustainMs: number;
}

export class AlertCondition {
  #isRaised = false;
  /** Since when every sample speaks for the other state. */
  #contraryAtMs: number | undefined;

  get isRaised(): boolean {
    return this.#isRaised;
  }

  /** Takes in a sample and returns whether it is an alert now. */
  update(nowMs: number, reading: AlertReading): boolean {
    const { value, threshold, clearBelow, sustainMs } = reading;
    if (Number.isNaN(value)) return this.#isRaised;
    const isContrary = this.#isRaised ? value < clearBelow : value > threshold;
    if (!isContrary) {
      this.#contraryAtMs = undefined;
      return this.#isRaised;
    }
    this.#contraryAtMs ??= nowMs;
    if (nowMs - this.#contraryAtMs < sustainMs) return this.#isRaised;
    this.#contraryAtMs = undefined;
    this.#isRaised = !this.#isRaised;
    return this.#isRaised;
  }
}
