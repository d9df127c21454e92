/**
 * Counters that a process tells as "since I started", made into ones that never go back: what former
 * processes of the same place counted is added to what the present ones have. In a rolling restart a
 * place has two for a while.
 */

export class LifetimeSums {
  readonly #now = new Map<string, Map<number, number>>();
  readonly #before = new Map<string, number>();

  /** `place` stays the same through replacements, `life` names one process of it. */
  report(place: string, life: number, sinceStart: number): void {
    let lives = this.#now.get(place);
    if (lives === undefined) {
      lives = new Map();
      this.#now.set(place, lives);
    }
    lives.set(life, sinceStart);
  }

  /** This process has ended. */
  gone(place: string, life: number): void {
    const lives = this.#now.get(place);
    this.#before.set(place, (this.#before.get(place) ?? 0) + (lives?.get(life) ?? 0));
    lives?.delete(life);
  }

  total(place: string): number {
    let total = this.#before.get(place) ?? 0;
    for (const count of this.#now.get(place)?.values() ?? []) total += count;
    return total;
  }

  /** Every place that ever reported. */
  totals(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#now.keys(), (place) => [place, this.total(place)]));
  }
}
