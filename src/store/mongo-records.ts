/**
 * Record tables in MongoDB: each a collection, `_id` the key as JSON text, the value as JSON text. The
 * counter moves after the change it announces, as for keys; whoever repeats an interrupted change announces it.
 */
import type { Collection, Db } from 'mongodb';
import { keyPageSize, toJsonText } from './document-rules.js';
import type { MongoConnection } from './mongo-connection.js';
import { announce } from './mongo-counters.js';
import { upsertVersioned } from './mongo-documents.js';
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

interface Kept {
  readonly _id: string;
  readonly value: string;
  readonly version: number;
}

/** Updates a command: see BATCH in mongo-documents.ts. */
const BATCH = 25;

export class MongoRecords implements RecordTable {
  readonly #connection: MongoConnection;
  readonly #table: RecordTableName;

  constructor(connection: MongoConnection, table: RecordTableName) {
    this.#connection = connection;
    this.#table = table;
  }

  async get(key: RecordKey): Promise<StoredRecord | null> {
    return this.#run(async (records) => {
      const kept = await records.findOne({ _id: recordKeyText(key) });
      return kept === null ? null : recordOf(kept);
    });
  }

  async put(key: RecordKey, value: unknown): Promise<number> {
    const text = toJsonText(value);
    return this.#run(async (records, database) => {
      const version = await upsertVersioned(records, recordKeyText(key), text);
      await this.#announce(database);
      return version;
    });
  }

  async delete(key: RecordKey): Promise<boolean> {
    return this.#run(async (records, database) => {
      const { deletedCount } = await records.deleteOne({ _id: recordKeyText(key) });
      // Even when it is gone: an interrupted deletion may not have been announced.
      await this.#announce(database);
      return deletedCount > 0;
    });
  }

  async list(query: RecordQuery = {}): Promise<StoredRecord[]> {
    const start = recordPrefixText(query.within ?? []);
    const { isDescending = false, after } = query;
    const beyond = after === undefined ? {} : beyondKey(recordKeyText(after), isDescending);
    return this.#run(async (records) => {
      const kept = await records
        .find({ $and: [{ _id: { $gte: start, $lt: endOfPrefix(start) } }, beyond] })
        .sort({ _id: isDescending ? -1 : 1 })
        .limit(keyPageSize(query.limit))
        .toArray();
      return kept.map(recordOf);
    });
  }

  async count(): Promise<number> {
    return this.#run((records) => records.countDocuments());
  }

  async prune(keep: number): Promise<void> {
    await this.#run(async (records) => {
      // The cursor passes over the newest that stay, up to the oldest of them; what is older goes.
      const [least] = await records
        .find({}, { projection: { _id: 1 } })
        .sort({ _id: -1 })
        .skip(keep - 1)
        .limit(1)
        .toArray();
      if (least !== undefined) await records.deleteMany({ _id: { $lt: least._id } });
    });
  }

  async restore(written: readonly StoredRecord[]): Promise<void> {
    const rows = written.map(({ key, value, version }) => {
      return { _id: recordKeyText(key), value: toJsonText(value), version };
    });
    for (let start = 0; start < rows.length; start += BATCH) {
      const batch = rows.slice(start, start + BATCH);
      await this.#run(async (records, database) => {
        await records.bulkWrite(
          batch.map(({ _id, ...replacement }) => ({
            replaceOne: { filter: { _id }, replacement, upsert: true },
          })),
          { ordered: false },
        );
        await this.#announce(database);
      });
    }
  }

  async #announce(database: Db): Promise<void> {
    if (this.#table.counter !== null) await announce(database, this.#table.counter);
  }

  async #run<Result>(
    work: (records: Collection<Kept>, database: Db) => Promise<Result>,
  ): Promise<Result> {
    const { name } = this.#table;
    return this.#connection.run((database) => work(database.collection<Kept>(name), database));
  }
}

function beyondKey(_id: string, isDescending: boolean) {
  return { _id: isDescending ? { $lt: _id } : { $gt: _id } };
}

function recordOf(kept: unknown): StoredRecord {
  if (!isRow(kept)) throw new Error('a record table gave no document');
  const value: unknown = JSON.parse(textOf(kept, 'value'));
  return { key: recordKeyOf(textOf(kept, '_id')), value, version: integerOf(kept, 'version') };
}
