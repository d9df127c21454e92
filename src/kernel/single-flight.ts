/**
 * One piece of work for all who want the same while it is under way. Results are not kept: whoever comes
 * after the end begins anew.
 */
export class SingleFlight<Result> {
  readonly #maxAtOnce: number;
  readonly #underWay = new Map<string, Promise<Result>>();

  /** `maxAtOnce`: of different keys. */
  constructor(maxAtOnce: number) {
    this.#maxAtOnce = maxAtOnce;
  }

  get size(): number {
    return this.#underWay.size;
  }

  /**
   * Settles as the work does; what is done at once is shared with nobody. Null, and `begin` is not called: as
   * much is under way as may be.
   */
  join(key: string, begin: () => Promise<Result>): Promise<Result> | null;
  join(key: string, begin: () => Result | Promise<Result>): Result | Promise<Result> | null;
  join(key: string, begin: () => Result | Promise<Result>): Result | Promise<Result> | null {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    if (this.#underWay.size >= this.#maxAtOnce) return null;
    const begun = begin();
    if (!(begun instanceof Promise)) return begun;
    const end = (): void => {
      if (this.#underWay.get(key) === begun) this.#underWay.delete(key);
    };
    this.#underWay.set(key, begun);
    begun.then(end, end);
    return begun;
  }

  /** Who joined hears the end; who comes later does not share it. */
  forget(key: string): void {
    this.#underWay.delete(key);
  }

  forgetAll(): void {
    this.#underWay.clear();
  }
}
