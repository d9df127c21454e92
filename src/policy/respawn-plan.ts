/**
 * When a process that ended is started again: at once after a long life, later and later while it keeps
 * dying young, and with an alarm when that is a loop (fault matrix: 0.2 → 10 s, more than 5 in 60 s).
 */

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;
const LOOP_WINDOW_MS = 60_000;
const LOOP_DEATHS = 5;

export interface RespawnDecision {
  readonly delayMs: number;
  /** True from the sixth death within a minute on. */
  readonly isLoop: boolean;
}

export class RespawnPlan {
  readonly #deathsAtMs: number[] = [];

  /** Call at each unexpected end. `random` yields [0, 1) and spreads restarts by up to a fifth. */
  afterDeath(nowMs: number, random: () => number): RespawnDecision {
    this.#deathsAtMs.push(nowMs);
    while ((this.#deathsAtMs[0] ?? nowMs) <= nowMs - LOOP_WINDOW_MS) this.#deathsAtMs.shift();
    const recent = this.#deathsAtMs.length;
    // Only the exponent's range matters: ten doublings are far past the cap.
    const backoffMs = FIRST_DELAY_MS * 2 ** Math.min(recent - 1, 10);
    const delayMs = Math.min(MAX_DELAY_MS, backoffMs) * (1 - 0.2 * random());
    return { delayMs, isLoop: recent > LOOP_DEATHS };
  }
}
