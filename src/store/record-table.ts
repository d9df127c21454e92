/**
 * The one shape in which an adapter keeps small things beside keys and documents: a table of JSON values by
 * key. What the values mean (grants, credentials, servers, events) is told once, above it, for all adapters.
 */

/** One to three texts; tables order by the first, then the next. */
export type RecordKey = readonly string[];

export interface StoredRecord {
  readonly key: RecordKey;
  /** Any JSON value. */
  readonly value: unknown;
  /** Starts at 1 and grows by 1 with each write of this key. */
  readonly version: number;
}

export interface RecordQuery {
  /** Only keys that start with these texts, each whole. Default: all. */
  readonly within?: RecordKey;
  /** Only keys beyond this one, in the direction of the list. */
  readonly after?: RecordKey | undefined;
  /** Default and maximum 1000. */
  readonly limit?: number | undefined;
  readonly isDescending?: boolean;
}

export interface RecordTable {
  get(key: RecordKey): Promise<StoredRecord | null>;
  /** Writes whatever was there before and returns the new version. Durable when it resolves. */
  put(key: RecordKey, value: unknown): Promise<number>;
  /** False when there was nothing. */
  delete(key: RecordKey): Promise<boolean>;
  list(query?: RecordQuery): Promise<StoredRecord[]>;
  count(): Promise<number>;
  /** Deletes the least keys until at most `keep` (at least 1) are left. */
  prune(keep: number): Promise<void>;
  /** Writes records as they are, versions included, over whatever is there. Not atomic over the list. */
  restore(records: readonly StoredRecord[]): Promise<void>;
}

/** A counter that moves with every change of a table, for those who poll for changes. */
export type ChangeCounter = 'identity' | 'servers';

/** Name of the table or collection, and the counter that tells of its changes. */
export interface RecordTableName {
  readonly name: 'grants' | 'credentials' | 'servers' | 'audit' | 'alerts';
  readonly counter: ChangeCounter | null;
}

export const RECORD_TABLES = {
  grants: { name: 'grants', counter: 'identity' },
  credentials: { name: 'credentials', counter: 'identity' },
  servers: { name: 'servers', counter: 'servers' },
  audit: { name: 'audit', counter: null },
  alerts: { name: 'alerts', counter: null },
} as const satisfies Record<string, RecordTableName>;

/**
 * The key as one text, such as `["ana","github"]`. A complete JSON array is never the beginning of another,
 * and JSON escapes what engines stumble over (NUL, half surrogate pairs).
 */
export function recordKeyText(key: RecordKey): string {
  return JSON.stringify(key);
}

export function recordKeyOf(text: string): RecordKey {
  const key: unknown = JSON.parse(text);
  if (!Array.isArray(key)) throw new Error('a record has no key');
  return key.map(String);
}

/** The beginning that the texts of all keys within `key` share, and that of no other. */
export function recordPrefixText(key: RecordKey): string {
  return key.length === 0 ? '["' : `${recordKeyText(key).slice(0, -1)},`;
}
