/**
 * One limit per key (user, server, address) in a bounded table. What may be forgotten is decided by
 * meaning, not by age: a limit that is idle (full bucket, empty window) equals a new one, so
 * dropping it loses nothing, and one that still constrains is never dropped, however long ago it
 * was asked. Hence no order of use is kept on the hot path. A table full of constraining limits has
 * no room for a new key: `get` returns undefined and the caller refuses (fail closed). Idle limits
 * are found by a hand that goes round the table, a few steps per newcomer.
 */

export interface IdleAware {
  isIdle(nowMs: number): boolean;
}

export interface KeyedLimitsOptions<Limit> {
  /** Most keys held; with every key constrained, the next new one is refused. */
  readonly maxKeys: number;
  readonly create: (key: string, nowMs: number) => Limit;
  /** Told of every key whose limit was idle and is dropped. */
  readonly onDropped?: (key: string) => void;
}

// Chosen: bounds what one newcomer may cost (about a microsecond) while a full table is searched.
const SEARCH_STEPS = 32;

export class KeyedLimits<Limit extends IdleAware> {
  readonly #maxKeys: number;
  readonly #create: (key: string, nowMs: number) => Limit;
  readonly #onDropped: ((key: string) => void) | undefined;
  readonly #limits = new Map<string, Limit>();
  #hand: MapIterator<[string, Limit]>;

  constructor(options: KeyedLimitsOptions<Limit>) {
    this.#maxKeys = options.maxKeys;
    this.#create = options.create;
    this.#onDropped = options.onDropped;
    this.#hand = this.#limits.entries();
  }

  /**
   * The key's limit, made on first use; undefined when the table is full of limits that still
   * constrain.
   */
  get(key: string, nowMs: number): Limit | undefined {
    const known = this.#limits.get(key);
    if (known !== undefined) return known;
    if (this.#limits.size >= this.#maxKeys && !this.#evictOneIdle(nowMs)) return undefined;
    const created = this.#create(key, nowMs);
    this.#limits.set(key, created);
    return created;
  }

  /** The key's limit if it has one; makes none. */
  peek(key: string): Limit | undefined {
    return this.#limits.get(key);
  }

  get size(): number {
    return this.#limits.size;
  }

  entries(): MapIterator<[string, Limit]> {
    return this.#limits.entries();
  }

  /** Drops every idle limit; for the periodic clean-up. Returns how many went. */
  sweep(nowMs: number): number {
    const before = this.#limits.size;
    for (const [key, limit] of this.#limits) {
      if (limit.isIdle(nowMs)) this.#drop(key);
    }
    return before - this.#limits.size;
  }

  #evictOneIdle(nowMs: number): boolean {
    for (let step = 0; step < SEARCH_STEPS; step += 1) {
      let next = this.#hand.next();
      if (next.done === true) {
        this.#hand = this.#limits.entries();
        next = this.#hand.next();
      }
      if (next.done === true) return false;
      const [key, limit] = next.value;
      if (limit.isIdle(nowMs)) {
        this.#drop(key);
        return true;
      }
    }
    return false;
  }

  #drop(key: string): void {
    this.#limits.delete(key);
    this.#onDropped?.(key);
  }
}
