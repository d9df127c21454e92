/** The highest of what was noted in the last one to two spans of time, in constant space. */
export class RecentPeak {
  readonly #spanMs: number;
  #startedAtMs = -Infinity;
  #former = 0;
  #present = 0;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  note(nowMs: number, value: number): void {
    this.#turn(nowMs);
    this.#present = Math.max(this.#present, value);
  }

  /** 0 when nothing was noted lately. */
  value(nowMs: number): number {
    this.#turn(nowMs);
    return Math.max(this.#former, this.#present);
  }

  #turn(nowMs: number): void {
    const ageMs = nowMs - this.#startedAtMs;
    if (ageMs < this.#spanMs) return;
    this.#former = ageMs < 2 * this.#spanMs ? this.#present : 0;
    this.#present = 0;
    this.#startedAtMs = nowMs;
  }
}
