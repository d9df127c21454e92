/**
 * Who gets through a circuit breaker: everyone when closed, nobody when open or half-open, and a
 * linearly growing share for a while after it has closed again (Traefik's recovery; a full return
 * at once would knock a barely recovered upstream over). A worker holds one gate per server and
 * applies the states that the primary announces; the primary's own breaker (circuit-breaker.ts)
 * decides them. The share is dealt by adding it up per call, which needs no randomness: at a share
 * of 0.25 every fourth call passes.
 */

/** What a breaker announces. Durations, not instants: every process has its own monotonic clock. */
export type BreakerAnnouncement =
  | {
      readonly state: 'closed';
      readonly generation: number;
      readonly rampMs: number;
      readonly rampedMs: number;
    }
  | { readonly state: 'open'; readonly generation: number; readonly retryAfterMs: number }
  | { readonly state: 'half-open'; readonly generation: number };

// Chosen: a ramp from 0 would refuse everybody at first.
const FIRST_SHARE = 0.1;
// Chosen: what a caller refused by ramp or half-open should wait; both change within seconds.
const SOON_MS = 1000;

export class BreakerGate {
  #announced: BreakerAnnouncement = { state: 'closed', generation: 0, rampMs: 0, rampedMs: 0 };
  #appliedAtMs = 0;
  #ramping = false;
  #credit = 0;

  /** Adopts an announcement; one of an earlier generation arrived late and changes nothing. */
  apply(announced: BreakerAnnouncement, nowMs: number): void {
    if (announced.generation < this.#announced.generation) return;
    this.#announced = announced;
    this.#appliedAtMs = nowMs;
    this.#ramping = announced.state === 'closed' && announced.rampedMs < announced.rampMs;
    this.#credit = 0;
  }

  /**
   * May a call start? 0, or the milliseconds to wait before trying again. Whoever is admitted keeps
   * `generation`
   * as it is now and hands it in with the call's outcome.
   */
  admit(nowMs: number): number {
    const announced = this.#announced;
    switch (announced.state) {
      case 'closed':
        return this.#ramping ? this.#admitShare(announced.rampMs, announced.rampedMs, nowMs) : 0;
      case 'open':
        return Math.max(1, Math.ceil(announced.retryAfterMs - (nowMs - this.#appliedAtMs)));
      case 'half-open':
        return SOON_MS;
    }
  }

  get generation(): number {
    return this.#announced.generation;
  }

  get state(): BreakerAnnouncement['state'] {
    return this.#announced.state;
  }

  #admitShare(rampMs: number, rampedMs: number, nowMs: number): number {
    const elapsedMs = rampedMs + nowMs - this.#appliedAtMs;
    if (elapsedMs >= rampMs) {
      this.#ramping = false;
      return 0;
    }
    this.#credit += Math.max(FIRST_SHARE, elapsedMs / rampMs);
    if (this.#credit < 1) return Math.min(SOON_MS, Math.ceil(rampMs - elapsedMs));
    this.#credit -= 1;
    return 0;
  }
}
