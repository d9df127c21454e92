/**
 * The lease ledger's books of users (and of API keys that have a limit of their own): what limit holds for
 * each, and whose calls have no turn because it is used up. A book is there while anything is out or waits.
 */
import { newUserBook, type ServerBook, type Ticket, type UserBook } from './lease-books.js';
import { shareOf } from './limit-shares.js';

export interface UserLimits {
  /** Exchanges in flight of one user, unless its tickets name another limit. */
  readonly maxPerUser: number;
  /** The part of a user's limit that holds here (limit-shares.ts). Default 1. */
  readonly userPart?: (name: string) => number;
}

/** How users stand, for those who share limits out. */
export interface UserUse {
  /**
   * What users use of their limits, the one that uses most: above 1 while a lowered limit runs out. Without those
   * that are `counted` elsewhere.
   */
  greatest(isCounted: (name: string) => boolean): number;
  /** For whom calls wait because their own limit is used up; at most `most`. */
  shortOf(most: number): readonly string[];
  /** What one has out and waiting, and its whole limit; undefined when nothing of it is known. */
  load(name: string): { readonly busy: number; readonly limit: number } | undefined;
}

export class UserBooks implements UserUse {
  #limits: UserLimits;
  readonly #books = new Map<string, UserBook>();
  /** Whose budget keeps someone waiting. */
  readonly #short = new Set<UserBook>();

  constructor(limits: UserLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#books.size;
  }

  all(): Iterable<UserBook> {
    return this.#books.values();
  }

  /** Those whose budget keeps someone waiting. */
  short(): Iterable<UserBook> {
    return this.#short;
  }

  get(name: string): UserBook | undefined {
    return this.#books.get(name);
  }

  /** A new book counts nothing yet: whoever opens it counts on it, or has it forgotten. */
  open(name: string): UserBook {
    let user = this.#books.get(name);
    if (user === undefined) {
      user = newUserBook(name, this.#limitOf(name, null));
      this.#books.set(name, user);
    }
    return user;
  }

  /** Every book keeps its limit until `setOwnLimit`. */
  configure(limits: UserLimits): void {
    this.#limits = limits;
  }

  /** `own` null: the common one holds. Returns whether the limit here is another one now. */
  setOwnLimit(user: UserBook, own: number | null): boolean {
    user.ownLimit = own;
    const limit = this.#limitOf(user.name, own);
    if (user.limit === limit) return false;
    user.limit = limit;
    return true;
  }

  /** The line of the ticket has no turn until the budget that is used up has room again. */
  park({ server, user }: Ticket, usedUp: UserBook): void {
    server.queue.park(user.name);
    const lines = usedUp.parked.get(server);
    if (lines === undefined) usedUp.parked.set(server, new Set([user.name]));
    else lines.add(user.name);
    this.#short.add(usedUp);
  }

  /** Where there is room, its lines have turns again. Returns the servers they wait for. */
  unparkIfFree(user: UserBook): readonly ServerBook[] {
    if (user.out >= user.limit || user.parked.size === 0) return [];
    const servers = [...user.parked.keys()];
    for (const [server, lines] of user.parked) {
      for (const line of lines) server.queue.unpark(line);
    }
    user.parked.clear();
    this.#short.delete(user);
    return servers;
  }

  countQueued({ user, within }: Ticket, by: 1 | -1): void {
    user.queued += by;
    if (within !== null) within.queued += by;
  }

  forgetIfUnused(user: UserBook): void {
    if (user.out > 0 || user.queued > 0) return;
    this.#short.delete(user);
    this.#books.delete(user.name);
  }

  greatest(isCounted: (name: string) => boolean): number {
    let greatest = 0;
    for (const { name, out, limit } of this.#books.values()) {
      if (out > greatest * limit && !isCounted(name)) greatest = out / limit;
    }
    return greatest;
  }

  shortOf(most: number): readonly string[] {
    const names: string[] = [];
    for (const { name } of this.#short) {
      if (names.length >= most) break;
      names.push(name);
    }
    return names;
  }

  load(name: string): { readonly busy: number; readonly limit: number } | undefined {
    const user = this.#books.get(name);
    if (user === undefined) return undefined;
    return { busy: user.out + user.queued, limit: user.ownLimit ?? this.#limits.maxPerUser };
  }

  #limitOf(name: string, own: number | null): number {
    return shareOf(own ?? this.#limits.maxPerUser, this.#limits.userPart?.(name) ?? 1);
  }
}
