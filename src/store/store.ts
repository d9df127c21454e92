/**
 * What the gateway needs remembered, whatever remembers it. Two adapters (libsql-store: embedded
 * default; mongo-store: shared) pass one contract suite. Every write is one atomic statement or one
 * document; nothing needs transactions across documents or change streams. A method that cannot
 * reach the database rejects with GW_STORE_UNAVAILABLE within its deadline; none waits longer than 2 s.
 */

import type { CallLimits, ToolRules } from './access-rules.js';
import type { CredentialStore } from './credentials.js';
import type { AlertEntry, AuditEntry, EventLog } from './event-log.js';
import type { GrantStore } from './grants.js';
import type { MachineRoster } from './machine-roster.js';
import type { RecordTable, RecordTableName } from './record-table.js';
import type { RegisteredServerStore } from './registered-servers.js';

/** An API key as kept: never the secret, only its keyed hash. */
export interface ApiKeyRecord {
  /** Public id inside the key, 12 characters; the look-up key. */
  readonly id: string;
  readonly user: string;
  /** HMAC-SHA-256 of the full key, hex. */
  readonly hash: string;
  /** Which pepper made the hash (gateway/api-key.ts `pepperVersion`). */
  readonly pepperVersion: number;
  readonly label: string;
  /** Names of servers this key may use; null means all. */
  readonly servers: readonly string[] | null;
  /** Null = every tool. */
  readonly tools: ToolRules | null;
  /** Null = none of its own. */
  readonly limits: CallLimits | null;
  readonly isAdmin: boolean;
  /** ISO 8601 instants; null where it never happened or never will. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** Written in batches, so minutes behind at times. */
  readonly lastUsedAt: string | null;
  /** Times the key was verified; requests that a cache answered are counted as the authenticator reports them. */
  readonly useCount: number;
}

/** What may change in a key after it was made; absent members stay. */
export type ApiKeyChange = Partial<
  Pick<ApiKeyRecord, 'label' | 'servers' | 'tools' | 'limits' | 'expiresAt'>
>;

/** How often a key was used since it was told last. */
export interface ApiKeyUse {
  readonly id: string;
  readonly count: number;
  readonly lastUsedAt: string;
}

/** The hash of a key under another pepper, made when the key itself was seen. */
export interface ApiKeyRehash extends Pick<ApiKeyRecord, 'id' | 'hash' | 'pepperVersion'> {
  readonly formerHash: string;
}

export interface KeyStore {
  /** Rejects with GW_BAD_REQUEST when the id exists. */
  insert(record: ApiKeyRecord): Promise<void>;
  find(id: string): Promise<ApiKeyRecord | null>;
  /** As `find`, without waiting; undefined: only `find` can tell. Absent where every answer has to be waited for. */
  findNow?(id: string): ApiKeyRecord | null | undefined;
  /** Oldest first; at most `limit` (default 1000) after the given id. */
  list(page?: { readonly afterId?: string; readonly limit?: number }): Promise<ApiKeyRecord[]>;
  /** False when there is no such key or it was revoked before; the first revocation's instant stays. */
  revoke(id: string, at: Date): Promise<boolean>;
  /** The record as it is now; null when there is no such key or it is revoked. */
  update(id: string, change: ApiKeyChange): Promise<ApiKeyRecord | null>;
  /**
   * Adds to the counts; keys that are gone are passed over, `lastUsedAt` never goes back. Not atomic over
   * the list, and the identity version does not move.
   */
  recordUses(uses: readonly ApiKeyUse[]): Promise<void>;
  /**
   * Replaces hashes; a key whose hash is not `formerHash` any more is passed over. Not atomic over the list,
   * and the identity version does not move: who the key belongs to and what it may is the same.
   */
  rehash(changes: readonly ApiKeyRehash[]): Promise<void>;
  /** Keys that work at `at`, and whose hash was made by another pepper. */
  countOtherPeppers(pepperVersion: number, at: Date): Promise<number>;
  /** Writes records as they are, over whatever is there: for copies from another store. */
  restore(records: readonly ApiKeyRecord[]): Promise<void>;
  count(): Promise<number>;
}

/** Where a document lives: one server's data of one user. Users never see each other's. */
export interface DocumentScope {
  readonly server: string;
  readonly user: string;
}

export interface StoredDocument {
  readonly key: string;
  /** Any JSON value, kept as JSON text, so foreign keys such as `$ref` survive every adapter. */
  readonly value: unknown;
  /** Starts at 1 and grows by 1 with each write of this key. */
  readonly version: number;
}

/** Key-value documents for modules (their tables, notes, settings). Keys are compared by UTF-8 bytes. */
export interface DocumentStore {
  get(scope: DocumentScope, key: string): Promise<StoredDocument | null>;
  /**
   * Writes one document and returns its new version. With `ifVersion`, writes only when the present
   * version is that (0: only when absent) and otherwise returns null.
   */
  put(
    scope: DocumentScope,
    key: string,
    value: unknown,
    options?: { readonly ifVersion?: number },
  ): Promise<number | null>;
  /** Writes many, each atomic, in order. One statement batch where the adapter has one. */
  putMany(scope: DocumentScope, entries: readonly (readonly [string, unknown])[]): Promise<void>;
  delete(scope: DocumentScope, key: string): Promise<boolean>;
  /** Deletes every key with this prefix; returns how many there were. */
  deletePrefix(scope: DocumentScope, prefix: string): Promise<number>;
  /** Ascending by key, only keys after `afterKey`, at most `limit` (default 1000, at most 10000). */
  list(
    scope: DocumentScope,
    query: { readonly prefix: string; readonly afterKey?: string; readonly limit?: number },
  ): Promise<StoredDocument[]>;
  countPrefix(scope: DocumentScope, prefix: string): Promise<number>;
  /** The scopes that hold documents, in a lasting order; at most `limit` (default 1000) after the given one. */
  scopes(page?: {
    readonly after?: DocumentScope;
    readonly limit?: number;
  }): Promise<DocumentScope[]>;
  /** Writes documents as they are, versions included, over whatever is there. Not atomic over the list. */
  restore(scope: DocumentScope, documents: readonly StoredDocument[]): Promise<void>;
}

export interface Store {
  /** For the banner and /health: adapter and place, never credentials. */
  readonly description: string;
  readonly keys: KeyStore;
  readonly documents: DocumentStore;
  readonly grants: GrantStore;
  readonly credentials: CredentialStore;
  /** Servers added at run time. */
  readonly servers: RegisteredServerStore;
  readonly audit: EventLog<AuditEntry>;
  readonly alerts: EventLog<AlertEntry>;
  /** The machines that share this store; null where it serves one machine only. */
  readonly machines: MachineRoster | null;
  /** What the five above are kept in, for copies of whole stores. */
  readonly tables: Readonly<Record<RecordTableName['name'], RecordTable>>;
  /** Grows with every change of keys, grants and credentials: what pollers compare. */
  identityVersion(): Promise<number>;
  /** While the database is away: what serves in its place, in words; else null. Absent = nothing ever does. */
  readonly outage?: () => string | null;
  /** Resolves when one cheap round trip to the database itself succeeded. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
