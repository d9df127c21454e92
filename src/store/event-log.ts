/**
 * What happened, newest first, bounded: the audit trail (who changed what) and the alerts' history. Ids sort
 * by time and are made here, so that copying a log twice copies it once.
 */
import { randomBytes } from 'node:crypto';
import type { RecordTable, StoredRecord } from './record-table.js';
import { isRow, textOf } from './stored-row.js';

/** One administrative change. Holds no secret: neither keys nor credentials. */
export interface AuditEntry {
  /** ISO 8601. */
  readonly at: string;
  /** Who: such as `uid 1000, pid 4242`, `command line` or `admin.sock`. */
  readonly actor: string;
  /** What, such as `keys.create`. */
  readonly action: string;
  /** To what: a key's id, `user@server`, a server's name. */
  readonly target: string;
  /** Facts of the change; any JSON object. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AlertEntry {
  /** ISO 8601. */
  readonly at: string;
  /** What the cooldown counts by, such as `cpu` or `breaker:github`. */
  readonly cause: string;
  readonly state: 'raised' | 'recovered';
  /** One sentence for people. */
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface EventLog<Entry> {
  append(entry: Entry): Promise<void>;
  /** Newest first; at most `limit` (default and maximum 1000) older than the given one. */
  list(page?: {
    readonly beforeId?: string | undefined;
    readonly limit?: number | undefined;
  }): Promise<(Entry & { readonly id: string })[]>;
}

/** Chosen: a year of thirty changes a day. */
const MAX_AUDIT_ENTRIES = 10_000;
const MAX_ALERT_ENTRIES = 2000;
/** So many appends later the oldest are deleted; the bound is exceeded by as much per process. */
const PRUNE_EVERY = 100;

export function createAuditLog(table: RecordTable): EventLog<AuditEntry> {
  return createEventLog(table, MAX_AUDIT_ENTRIES, ({ key: [id = ''], value }) => {
    if (!isRow(value)) throw new Error('audit gave no record');
    return {
      id,
      at: textOf(value, 'at'),
      actor: textOf(value, 'actor'),
      action: textOf(value, 'action'),
      target: textOf(value, 'target'),
      detail: detailIn(value),
    };
  });
}

export function createAlertLog(table: RecordTable): EventLog<AlertEntry> {
  return createEventLog(table, MAX_ALERT_ENTRIES, ({ key: [id = ''], value }) => {
    if (!isRow(value)) throw new Error('alerts gave no record');
    return {
      id,
      at: textOf(value, 'at'),
      cause: textOf(value, 'cause'),
      state: value['state'] === 'recovered' ? 'recovered' : 'raised',
      message: textOf(value, 'message'),
      detail: detailIn(value),
    };
  });
}

function createEventLog<Entry extends { readonly at: string }>(
  table: RecordTable,
  maxEntries: number,
  entryOf: (record: StoredRecord) => Entry & { readonly id: string },
): EventLog<Entry> {
  let appended = 0;
  return {
    async append(entry) {
      await table.put([eventId(entry.at)], entry);
      appended += 1;
      if (appended % PRUNE_EVERY === 1) await table.prune(maxEntries);
    },
    async list({ beforeId, limit } = {}) {
      const after = beforeId === undefined ? undefined : [beforeId];
      return (await table.list({ isDescending: true, after, limit })).map(entryOf);
    },
  };
}

let sequence = 0;

/** Sorts by the instant, then by the order in which one process appended. */
function eventId(at: string): string {
  sequence = (sequence + 1) % 1_000_000;
  return `${at}-${String(sequence).padStart(6, '0')}-${randomBytes(4).toString('hex')}`;
}

function detailIn(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { detail } = row;
  return isRow(detail) ? detail : {};
}
