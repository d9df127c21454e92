/**
 * How soon a command may be started again: at once after a child that worked, after doubling waits
 * (0.2 s to 10 s, jittered) while children die quickly or cannot be started at all. Pure: time and
 * chance come in as arguments. Figures: RELIABILITY §4.
 */

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
/** A child that lived this long, or had said something, did not fail at its start. Chosen. */
const QUICK_FAILURE_MS = 1000;

export interface ChildLife {
  /** 0 when it could not be started. */
  readonly livedMs: number;
  /** It sent at least one message. */
  readonly hadSpoken: boolean;
}

export class RespawnBackoff {
  #quickFailures = 0;
  #mayStartAtMs = 0;

  /** Zero while starts succeed. */
  get quickFailures(): number {
    return this.#quickFailures;
  }

  /** Milliseconds until a start is allowed; 0 when it is. */
  waitMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#mayStartAtMs - nowMs));
  }

  /** A child proved to work. */
  worked(): void {
    this.#quickFailures = 0;
    this.#mayStartAtMs = 0;
  }

  /** A child ended by itself, or could not be started. `random` is from 0 to 1. */
  died(nowMs: number, life: ChildLife, random: number): void {
    if (life.hadSpoken || life.livedMs >= QUICK_FAILURE_MS) {
      this.worked();
      return;
    }
    const waitMs = Math.min(
      LONGEST_WAIT_MS,
      FIRST_WAIT_MS * 2 ** Math.min(this.#quickFailures, 16),
    );
    this.#quickFailures += 1;
    // Half of it fixed, half by chance: many servers broken by one cause do not start in step.
    this.#mayStartAtMs = nowMs + waitMs * (0.5 + random / 2);
  }
}
