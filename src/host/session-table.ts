/**
 * The legacy sessions of one endpoint: minted with unguessable ids, bound to their user, capped in
 * total and per user. An id proves nothing by itself: someone else's is as unknown as an invented one.
 */
import { randomBytes } from 'node:crypto';
import { GatewayError } from '../kernel/errors.js';

/** 192 bits: the specification asks for an unguessable id, RELIABILITY for at least 128. */
const RANDOM_BYTES = 24;

interface Owned {
  readonly id: string;
  readonly user: string;
}

export interface SessionTableLimits {
  readonly maxSessions: number;
  readonly maxSessionsPerUser: number;
}

export class SessionTable<Session extends Owned> {
  readonly #hostId: string;
  readonly #limits: SessionTableLimits;
  readonly #sessions = new Map<string, Session>();
  readonly #perUser = new Map<string, number>();

  constructor(hostId: string, limits: SessionTableLimits) {
    this.#hostId = hostId;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  values(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** Throws GW_USER_BUSY or GW_BULKHEAD_FULL; otherwise what `create` returns is in the table. */
  add(user: string, create: (id: string) => Session): Session {
    const ofUser = this.#perUser.get(user) ?? 0;
    if (ofUser >= this.#limits.maxSessionsPerUser) {
      throw new GatewayError('GW_USER_BUSY', {
        hint: `A user may have ${this.#limits.maxSessionsPerUser} sessions of this server; end one with DELETE.`,
      });
    }
    if (this.#sessions.size >= this.#limits.maxSessions) {
      throw new GatewayError('GW_BULKHEAD_FULL', { hint: 'It has no room for another session.' });
    }
    const id = `${this.#hostId}.${randomBytes(RANDOM_BYTES).toString('base64url')}`;
    const session = create(id);
    this.#sessions.set(id, session);
    this.#perUser.set(user, ofUser + 1);
    return session;
  }

  /** Throws GW_SESSION_REQUIRED without an id, GW_SESSION_UNKNOWN for an id that is not this user's. */
  find(id: string | undefined, user: string): Session {
    if (id === undefined) throw new GatewayError('GW_SESSION_REQUIRED');
    const session = this.#sessions.get(id);
    if (session?.user !== user) throw new GatewayError('GW_SESSION_UNKNOWN');
    return session;
  }

  delete(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    const left = (this.#perUser.get(session.user) ?? 1) - 1;
    if (left === 0) this.#perUser.delete(session.user);
    else this.#perUser.set(session.user, left);
  }
}
