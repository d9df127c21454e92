/**
 * A store that goes on while its database is away (`store.onUnavailable: degrade`): what the request path
 * reads comes from the snapshot, everything else fails as it would. The first call that meets the outage
 * waits for its deadline; after that nobody waits, and one probe at a time finds out when it is over.
 */
import { monotonicMs, wallDate } from '../kernel/clock.js';
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { openSnapshot, snapshotState, type SnapshotState } from './identity-snapshot.js';
import type { Store } from './store.js';

export interface DegradingStoreOptions {
  readonly main: Store;
  readonly dataDir: string;
  /** A snapshot older than this is not believed. */
  readonly maxAgeMs: number;
}

const PROBE_EVERY_MS = 1000;

/** Owns `main` and closes it. */
export function createDegradingStore(options: DegradingStoreOptions): Store {
  const { main } = options;
  const fallback = new Fallback(options);
  const { keys, grants, credentials, servers } = main;
  return {
    description: main.description,
    outage: () => fallback.describe(),
    keys: {
      insert: (record) => keys.insert(record),
      find: (id) =>
        fallback.read(
          () => keys.find(id),
          async (snapshot, cause) => {
            const record = await snapshot.keys.find(id);
            // A key made since the copy cannot be judged; "unknown" would be a guess.
            if (record === null) throw cause;
            return record;
          },
        ),
      list: (page) =>
        fallback.read(
          () => keys.list(page),
          (snapshot) => snapshot.keys.list(page),
        ),
      revoke: (id, at) => keys.revoke(id, at),
      update: (id, change) => keys.update(id, change),
      recordUses: (uses) => keys.recordUses(uses),
      rehash: (changes) => keys.rehash(changes),
      countOtherPeppers: (pepperVersion, at) => keys.countOtherPeppers(pepperVersion, at),
      restore: (records) => keys.restore(records),
      count: () =>
        fallback.read(
          () => keys.count(),
          (snapshot) => snapshot.keys.count(),
        ),
    },
    grants: {
      set: (grant) => grants.set(grant),
      remove: (user, server) => grants.remove(user, server),
      ofUser: (user) =>
        fallback.read(
          () => grants.ofUser(user),
          (snapshot) => snapshot.grants.ofUser(user),
        ),
      list: (page) =>
        fallback.read(
          () => grants.list(page),
          (snapshot) => snapshot.grants.list(page),
        ),
    },
    credentials: {
      put: (credential) => credentials.put(credential),
      get: (user, server) =>
        fallback.read(
          () => credentials.get(user, server),
          (snapshot) => snapshot.credentials.get(user, server),
        ),
      delete: (user, server) => credentials.delete(user, server),
      list: (page) =>
        fallback.read(
          () => credentials.list(page),
          (snapshot) => snapshot.credentials.list(page),
        ),
    },
    servers: {
      put: (server) => servers.put(server),
      get: (name) =>
        fallback.read(
          () => servers.get(name),
          (snapshot) => snapshot.servers.get(name),
        ),
      remove: (name) => servers.remove(name),
      list: (page) =>
        fallback.read(
          () => servers.list(page),
          (snapshot) => snapshot.servers.list(page),
        ),
      changes: () => fallback.version('serverChanges', () => servers.changes()),
    },
    documents: main.documents,
    audit: main.audit,
    alerts: main.alerts,
    machines: main.machines,
    tables: main.tables,
    identityVersion: () => fallback.version('identityVersion', () => main.identityVersion()),
    ping: () => fallback.ping(),
    close: async () => {
      await fallback.close();
      await main.close();
    },
  };
}

class Fallback {
  readonly #options: DegradingStoreOptions;
  /** Why the database counts as away; null while it does not. */
  #away: GatewayError | null = null;
  /** Whether this process ever read from the database itself. */
  #hasMet = false;
  #snapshot: Promise<Store | null> | null = null;
  /** Instant of the snapshot that can serve; null when none can. */
  #syncedAt: string | null = null;
  #isProbing = false;
  #nextProbeAtMs = 0;

  constructor(options: DegradingStoreOptions) {
    this.#options = options;
  }

  describe(): string | null {
    if (this.#away === null || this.#syncedAt === null) return null;
    return `${this.#away.message} Identities are those of ${this.#syncedAt}.`;
  }

  async read<Result>(
    fromMain: () => Promise<Result>,
    fromSnapshot: (snapshot: Store, cause: GatewayError) => Promise<Result>,
  ): Promise<Result> {
    if (this.#away === null) {
      try {
        const result = await fromMain();
        this.#hasMet = true;
        return result;
      } catch (thrown) {
        const error = asGatewayError(thrown);
        if (error.code !== 'GW_STORE_UNAVAILABLE') throw error;
        this.#away = error;
      }
    }
    const cause = this.#away;
    this.#probe();
    const { snapshot } = await this.#usable(cause);
    return fromSnapshot(snapshot, cause);
  }

  /**
   * Once the database was met, its number alone is compared: the snapshot's may be older, and a difference
   * makes everybody forget what they know better.
   */
  async version(
    name: 'identityVersion' | 'serverChanges',
    fromMain: () => Promise<number>,
  ): Promise<number> {
    try {
      const version = await fromMain();
      this.#hasMet = true;
      this.#away = null;
      return version;
    } catch (thrown) {
      const error = asGatewayError(thrown);
      if (this.#hasMet) throw error;
      return (await this.#usable(error)).state[name];
    }
  }

  async ping(): Promise<void> {
    try {
      await this.#options.main.ping();
      this.#away = null;
    } catch (thrown) {
      const error = asGatewayError(thrown);
      this.#away ??= error;
      await this.#usable(error).catch(() => undefined); // For the instant that describe() tells.
      throw error;
    }
  }

  async close(): Promise<void> {
    const snapshot = await this.#snapshot?.catch(() => null);
    await snapshot?.close();
  }

  /** Rejects with `cause` when there is no snapshot or it is too old. */
  async #usable(
    cause: GatewayError,
  ): Promise<{ readonly snapshot: Store; readonly state: SnapshotState }> {
    this.#syncedAt = null;
    this.#snapshot ??= openSnapshot(this.#options.dataDir);
    const snapshot = await this.#snapshot.catch(() => null);
    if (snapshot === null) {
      this.#snapshot = null; // There may be one at the next outage.
      throw cause;
    }
    const state = await snapshotState(snapshot);
    if (state === null || isTooOld(state, this.#options.maxAgeMs)) throw cause;
    this.#syncedAt = state.syncedAt;
    return { snapshot, state };
  }

  #probe(): void {
    if (this.#isProbing || monotonicMs() < this.#nextProbeAtMs) return;
    this.#isProbing = true;
    this.#options.main
      .ping()
      .then(() => {
        this.#away = null;
      })
      .catch(() => undefined) // Still away.
      .finally(() => {
        this.#isProbing = false;
        this.#nextProbeAtMs = monotonicMs() + PROBE_EVERY_MS;
      });
  }
}

export function isTooOld({ syncedAt }: SnapshotState, maxAgeMs: number): boolean {
  const ageMs = wallDate().getTime() - Date.parse(syncedAt);
  return !(ageMs <= maxAgeMs);
}
