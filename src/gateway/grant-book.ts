/**
 * The grants of users as a worker knows them. Most gateways have none at all, and then nothing is asked: one
 * look at the table's beginning stands for every user until something changes. A grant that cannot be read
 * is an error and never "none", because it might be a refusal.
 */
import { LRUCache } from 'lru-cache';
import type { Grant, GrantStore } from '../store/grants.js';
import type { Principal } from './principal.js';

/** By server's name; `*` stands for every server without a grant of its own. */
export type UserGrants = ReadonlyMap<string, Grant>;

/** What decides for the principal on a server; undefined = no grant does. */
export function grantFor(principal: Principal, server: string): Grant | undefined {
  const { grants = null } = principal;
  return grants === null ? undefined : (grants.get(server) ?? grants.get('*'));
}

const MAX_USERS = 10_000;

export class GrantBook {
  readonly #grants: Pick<GrantStore, 'ofUser' | 'list'>;
  readonly #byUser = new LRUCache<string, Answer<UserGrants | null>>({ max: MAX_USERS });
  #hasNone: Answer<boolean> | null = null;

  constructor(grants: Pick<GrantStore, 'ofUser' | 'list'>) {
    this.#grants = grants;
  }

  /** Null when the user has none; undefined when only `of` can tell, because the store must be asked. */
  now(user: string): UserGrants | null | undefined {
    if (this.#hasNone?.known === true) return null;
    return this.#hasNone?.known === undefined ? undefined : this.#byUser.get(user)?.known;
  }

  /** Null when the user has none. Rejects with GW_STORE_UNAVAILABLE; failures are not kept. */
  async of(user: string): Promise<UserGrants | null> {
    this.#hasNone ??= keptUnlessFailed(this.#askHasNone(), () => {
      this.#hasNone = null;
    });
    if (await this.#hasNone.asked) return null;
    let answer = this.#byUser.get(user);
    if (answer === undefined) {
      answer = keptUnlessFailed(this.#askUser(user), () => {
        this.#byUser.delete(user);
      });
      this.#byUser.set(user, answer);
    }
    return answer.asked;
  }

  /** For any change of any grant; answers under way are told to those who asked, and not kept. */
  forgetAll(): void {
    this.#hasNone = null;
    this.#byUser.clear();
  }

  async #askHasNone(): Promise<boolean> {
    return (await this.#grants.list({ limit: 1 })).length === 0;
  }

  async #askUser(user: string): Promise<UserGrants | null> {
    const grants = await this.#grants.ofUser(user);
    return grants.length === 0 ? null : new Map(grants.map((grant) => [grant.server, grant]));
  }
}

/** `known` once `asked` was answered. */
interface Answer<Result> {
  readonly asked: Promise<Result>;
  known: Result | undefined;
}

function keptUnlessFailed<Result>(asked: Promise<Result>, forget: () => void): Answer<Result> {
  const answer: Answer<Result> = { asked, known: undefined };
  asked.then((known) => {
    answer.known = known;
  }, forget);
  return answer;
}
