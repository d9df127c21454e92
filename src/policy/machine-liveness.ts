/**
 * Which machines are alive, judged by one clock only: ours. A machine counts up with every renewal of its
 * lease; one whose count has stood still for a whole lease, while we looked, is dead. After a time in which we could
 * not look, everybody gets a whole lease anew: they may not have been able to renew it either.
 */

interface Sighting {
  beat: number;
  movedAtMs: number;
}

export class MachineLiveness {
  readonly #leaseMs: number;
  readonly #seen = new Map<string, Sighting>();
  #lookedAtMs = -Infinity;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Takes in who is on the roster now; returns those of them that are dead. */
  look(
    nowMs: number,
    listed: readonly { readonly id: string; readonly beat: number }[],
  ): ReadonlySet<string> {
    const wasAway = nowMs - this.#lookedAtMs > this.#leaseMs / 2;
    this.#lookedAtMs = nowMs;
    const ids = new Set(listed.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    const dead = new Set<string>();
    for (const { id, beat } of listed) {
      const sighting = this.#seen.get(id);
      if (sighting === undefined) this.#seen.set(id, { beat, movedAtMs: nowMs });
      else if (wasAway || sighting.beat !== beat) {
        sighting.beat = beat;
        sighting.movedAtMs = nowMs;
      } else if (nowMs - sighting.movedAtMs >= this.#leaseMs) dead.add(id);
    }
    return dead;
  }

  /** Since its count moved, as far as we saw; null for one that was not on the roster. */
  silentMs(id: string, nowMs: number): number | null {
    const sighting = this.#seen.get(id);
    return sighting === undefined ? null : nowMs - sighting.movedAtMs;
  }
}
