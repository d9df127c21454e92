/**
 * One alert per cause per period: a cause that persists or flaps is told once, what was silenced is
 * counted and told with the next alert, and the end of what was told is told too. Bounded: beyond
 * `maxCauses` the cause raised longest ago makes room, quiet ones first.
 */

export interface AlertCooldownOptions {
  /** `alertCooldown`; default 300 000. */
  readonly cooldownMs: number;
  /** Default 1 000. */
  readonly maxCauses: number;
}

export const defaultAlertCooldown: AlertCooldownOptions = {
  cooldownMs: 300_000,
  maxCauses: 1000,
};

export type AlertDecision =
  /** Tell it; `suppressed` repeats were silenced since it was last told. */
  { readonly tell: true; readonly suppressed: number } | { readonly tell: false };

export interface Recovery {
  /** From the first raise of this episode to its end. */
  readonly durationMs: number;
  /** Repeats silenced since the cause was last told. */
  readonly suppressed: number;
}

export interface CauseView {
  readonly cause: string;
  /** Null when it is over. */
  readonly activeForMs: number | null;
  /** Repeats silenced since it was last told. */
  readonly suppressed: number;
  /** Until a repeat would be told again. */
  readonly cooldownLeftMs: number;
}

interface Cause {
  toldAtMs: number;
  suppressed: number;
  /** Start of the episode that goes on now; undefined when the cause is cleared. */
  activeSinceMs: number | undefined;
  /** Whether this episode was told: only then its end is. */
  told: boolean;
}

const SILENT: AlertDecision = { tell: false };

export class AlertCooldown {
  readonly #maxCauses: number;
  #cooldownMs: number;
  readonly #causes = new Map<string, Cause>();

  constructor(options: AlertCooldownOptions = defaultAlertCooldown) {
    this.#maxCauses = options.maxCauses;
    this.#cooldownMs = options.cooldownMs;
  }

  /** From now on, for the cooldowns that run too. */
  setCooldown(cooldownMs: number): void {
    this.#cooldownMs = cooldownMs;
  }

  /** The condition holds (now, or still). */
  raise(nowMs: number, name: string): AlertDecision {
    const cause = this.#causes.get(name) ?? this.#add(name, nowMs);
    cause.activeSinceMs ??= nowMs;
    if (nowMs - cause.toldAtMs < this.#cooldownMs) {
      cause.suppressed += 1;
      return SILENT;
    }
    const { suppressed } = cause;
    cause.toldAtMs = nowMs;
    cause.suppressed = 0;
    cause.told = true;
    return { tell: true, suppressed };
  }

  /**
   * The condition is over. What to tell about it, or undefined when it was not active or never
   * told.
   */
  clear(nowMs: number, name: string): Recovery | undefined {
    const cause = this.#causes.get(name);
    if (cause?.activeSinceMs === undefined) return undefined;
    const durationMs = nowMs - cause.activeSinceMs;
    cause.activeSinceMs = undefined;
    if (!cause.told) return undefined;
    cause.told = false;
    return { durationMs, suppressed: cause.suppressed };
  }

  /** Every cause that is raised, or was within its cooldown. */
  *causes(nowMs: number): Generator<CauseView> {
    for (const [cause, { activeSinceMs, suppressed, toldAtMs }] of this.#causes) {
      const cooldownLeftMs = Math.max(0, toldAtMs + this.#cooldownMs - nowMs);
      if (activeSinceMs === undefined && cooldownLeftMs === 0) continue;
      const activeForMs = activeSinceMs === undefined ? null : nowMs - activeSinceMs;
      yield { cause, activeForMs, suppressed, cooldownLeftMs };
    }
  }

  #add(name: string, nowMs: number): Cause {
    if (this.#causes.size >= this.#maxCauses) this.#makeRoom(nowMs);
    const cause = {
      toldAtMs: -Infinity,
      suppressed: 0,
      activeSinceMs: undefined,
      told: false,
    };
    this.#causes.set(name, cause);
    return cause;
  }

  #makeRoom(nowMs: number): void {
    let oldest: string | undefined;
    for (const [name, cause] of this.#causes) {
      oldest ??= name;
      const isOver = cause.activeSinceMs === undefined;
      if (isOver && nowMs - cause.toldAtMs >= this.#cooldownMs) {
        this.#causes.delete(name);
        return;
      }
    }
    if (oldest !== undefined) this.#causes.delete(oldest);
  }
}
