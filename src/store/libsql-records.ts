/** Record tables in the embedded store: each a table of its own, a change and its counter in one transaction. */
import { keyPageSize, toJsonText } from './document-rules.js';
import type { LibsqlConnection } from './libsql-connection.js';
import { endOfPrefix } from './prefix-end.js';
import {
  recordKeyOf,
  recordKeyText,
  recordPrefixText,
  type RecordKey,
  type RecordQuery,
  type RecordTable,
  type RecordTableName,
  type StoredRecord,
} from './record-table.js';
import { integerOf, isRow, textOf } from './stored-row.js';

/** Above every key's text: those begin with `[`. */
const LAST = '~';

export class LibsqlRecords implements RecordTable {
  readonly #connection: LibsqlConnection;
  readonly #get;
  readonly #put;
  readonly #delete;
  readonly #ascending;
  readonly #descending;
  readonly #count;
  readonly #prune;
  readonly #restore;
  readonly #moveCounter;

  constructor(connection: LibsqlConnection, { name, counter }: RecordTableName) {
    this.#connection = connection;
    const insert = `INSERT INTO ${name} (key, value, version)`;
    const columns = `SELECT key, value, version FROM ${name}`;
    this.#get = connection.prepare(`${columns} WHERE key = ?`);
    this.#put = connection.prepare(
      `${insert} VALUES (?, ?, 1)
       ON CONFLICT DO UPDATE SET value = excluded.value, version = version + 1 RETURNING version`,
    );
    this.#delete = connection.prepare(`DELETE FROM ${name} WHERE key = ?`);
    const range = 'WHERE key >= ? AND key < ?';
    this.#ascending = connection.prepare(`${columns} ${range} AND key > ? ORDER BY key LIMIT ?`);
    this.#descending = connection.prepare(
      `${columns} ${range} AND key < ? ORDER BY key DESC LIMIT ?`,
    );
    this.#count = connection.prepare(`SELECT count(*) AS records FROM ${name}`);
    this.#prune = connection.prepare(
      `DELETE FROM ${name} WHERE key < (SELECT key FROM ${name} ORDER BY key DESC LIMIT 1 OFFSET ?)`,
    );
    this.#restore = connection.prepare(
      `${insert} VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version`,
    );
    this.#moveCounter =
      counter === null
        ? null
        : connection.prepare(`UPDATE counters SET value = value + 1 WHERE name = '${counter}'`);
  }

  async get(key: RecordKey): Promise<StoredRecord | null> {
    return this.#connection.read(() => {
      const row = this.#get.all(recordKeyText(key))[0];
      return row === undefined ? null : recordOf(row);
    });
  }

  async put(key: RecordKey, value: unknown): Promise<number> {
    const text = toJsonText(value);
    return this.#connection.writeDurably(() => {
      const row = this.#put.all(recordKeyText(key), text)[0];
      this.#moveCounter?.run();
      return isRow(row) ? integerOf(row, 'version') : 0;
    });
  }

  async delete(key: RecordKey): Promise<boolean> {
    return this.#connection.writeDurably(() => {
      const { changes } = this.#delete.run(recordKeyText(key));
      if (changes > 0) this.#moveCounter?.run();
      return changes > 0;
    });
  }

  async list(query: RecordQuery = {}): Promise<StoredRecord[]> {
    const start = recordPrefixText(query.within ?? []);
    const range = [start, endOfPrefix(start)] as const;
    const { isDescending = false } = query;
    const edge = isDescending ? LAST : '';
    const after = query.after === undefined ? edge : recordKeyText(query.after);
    const limit = keyPageSize(query.limit);
    const statement = isDescending ? this.#descending : this.#ascending;
    return this.#connection.read(() => statement.all(...range, after, limit).map(recordOf));
  }

  async count(): Promise<number> {
    return this.#connection.read(() => {
      const row = this.#count.all()[0];
      return isRow(row) ? integerOf(row, 'records') : 0;
    });
  }

  async prune(keep: number): Promise<void> {
    await this.#connection.write(() => this.#prune.run(keep - 1));
  }

  async restore(records: readonly StoredRecord[]): Promise<void> {
    const rows = records.map(
      ({ key, value, version }) => [recordKeyText(key), toJsonText(value), version] as const,
    );
    await this.#connection.writeDurably(() => {
      for (const row of rows) this.#restore.run(...row);
      this.#moveCounter?.run();
    });
  }
}

function recordOf(row: unknown): StoredRecord {
  if (!isRow(row)) throw new Error('a record table gave no row');
  const value: unknown = JSON.parse(textOf(row, 'value'));
  return { key: recordKeyOf(textOf(row, 'key')), value, version: integerOf(row, 'version') };
}
