/**
 * Module documents in MongoDB. `_id` is the scope as JSON, then the key: a complete JSON array is never the
 * beginning of another, so scopes cannot meet, and one range of `_id` is one prefix of one scope. MongoDB
 * compares strings by their UTF-8 bytes (no collation is set). Values are JSON text: `$ref` and dots in
 * foreign member names mean nothing to the server.
 */
import { MongoBulkWriteError, type Collection, type Db } from 'mongodb';
import {
  checkDocumentKey,
  checkPrefix,
  documentPageSize,
  keyPageSize,
  toJsonText,
} from './document-rules.js';
import { isDuplicateKey, type MongoConnection } from './mongo-connection.js';
import { DOCUMENTS } from './mongo-indexes.js';
import { endOfPrefix } from './prefix-end.js';
import { integerOf, isRow, textOf } from './stored-row.js';
import type { DocumentScope, DocumentStore, StoredDocument } from './store.js';

interface Kept {
  readonly _id: string;
  readonly value: string;
  readonly version: number;
}

/**
 * Upserts a command. FerretDB 1.24 keeps a cursor open for each until the command ends and has 100 SQLite
 * connections: a batch of 100 stopped that server for good (measured), so four batches must fit at once.
 */
const BATCH = 25;
/** Chosen: what one call deletes, far below its deadline. */
const DELETE_PAGE = 1000;
/** Losing this race twice needs the document to be deleted in between. */
const MAX_UPSERT_ATTEMPTS = 3;

export class MongoDocuments implements DocumentStore {
  readonly #connection: MongoConnection;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
  }

  async get(scope: DocumentScope, key: string): Promise<StoredDocument | null> {
    checkDocumentKey(key);
    return this.#run(async (documents) => {
      const kept = await documents.findOne({ _id: idOf(scope, key) });
      return kept === null ? null : documentOf(scope, kept);
    });
  }

  async put(
    scope: DocumentScope,
    key: string,
    value: unknown,
    options: { readonly ifVersion?: number } = {},
  ): Promise<number | null> {
    checkDocumentKey(key);
    const text = toJsonText(value);
    const _id = idOf(scope, key);
    const { ifVersion } = options;
    return this.#run(async (documents) => {
      if (ifVersion === undefined) return upsertVersioned(documents, _id, text);
      if (ifVersion === 0) return insert(documents, _id, text);
      const { modifiedCount } = await documents.updateOne({ _id, version: ifVersion }, write(text));
      return modifiedCount === 1 ? ifVersion + 1 : null;
    });
  }

  /** Not one transaction: what a failure interrupts leaves the entries before it written. */
  async putMany(
    scope: DocumentScope,
    entries: readonly (readonly [string, unknown])[],
  ): Promise<void> {
    const writes = entries.map(([key, value]) => {
      checkDocumentKey(key);
      return { _id: idOf(scope, key), text: toJsonText(value) };
    });
    for (let done = 0, races = 0; done < writes.length;) {
      const batch = writes.slice(done, done + BATCH);
      const { written, hasRaced } = await this.#run((documents) => upsertAll(documents, batch));
      done += written;
      races = hasRaced && written === 0 ? races + 1 : 0;
      if (races === MAX_UPSERT_ATTEMPTS) throw raceLost();
    }
  }

  async delete(scope: DocumentScope, key: string): Promise<boolean> {
    checkDocumentKey(key);
    return this.#run(async (documents) => {
      const { deletedCount } = await documents.deleteOne({ _id: idOf(scope, key) });
      return deletedCount > 0;
    });
  }

  /** Page by page, each with its own deadline: how many there are must not decide whether it can be done. */
  async deletePrefix(scope: DocumentScope, prefix: string): Promise<number> {
    const range = rangeOf(scope, prefix);
    for (let deleted = 0; ;) {
      const page = await this.#run(async (documents) => {
        const ids = await documents
          .find(range, { projection: { _id: 1 } })
          .sort({ _id: 1 })
          .limit(DELETE_PAGE)
          .toArray();
        const last = ids.at(-1);
        if (last === undefined) return { deletedCount: 0, isLast: true };
        const { deletedCount } = await documents.deleteMany({
          _id: { $gte: range._id.$gte, $lte: last._id },
        });
        return { deletedCount, isLast: ids.length < DELETE_PAGE };
      });
      deleted += page.deletedCount;
      if (page.isLast) return deleted;
    }
  }

  async list(
    scope: DocumentScope,
    query: { readonly prefix: string; readonly afterKey?: string; readonly limit?: number },
  ): Promise<StoredDocument[]> {
    const { _id: range } = rangeOf(scope, query.prefix);
    const limit = documentPageSize(query.limit);
    const { afterKey } = query;
    if (afterKey !== undefined) checkPrefix(afterKey);
    const after = afterKey === undefined ? {} : { $gt: idOf(scope, afterKey) };
    return this.#run(async (documents) => {
      const filter = { _id: { ...range, ...after } };
      const kept = await documents.find(filter).sort({ _id: 1 }).limit(limit).toArray();
      return kept.map((document) => documentOf(scope, document));
    });
  }

  async countPrefix(scope: DocumentScope, prefix: string): Promise<number> {
    const range = rangeOf(scope, prefix);
    return this.#run((documents) => documents.countDocuments(range));
  }

  async scopes(page: { readonly after?: DocumentScope; readonly limit?: number } = {}) {
    const limit = keyPageSize(page.limit);
    const scopes: DocumentScope[] = [];
    let last = page.after;
    // One look-up a scope: the next document beyond all of the scope before it.
    while (scopes.length < limit) {
      const beyond: string = last === undefined ? '' : endOfPrefix(idOf(last, ''));
      const [next] = await this.#run((documents) =>
        documents
          .find({ _id: { $gte: beyond } }, { projection: { _id: 1 } })
          .sort({ _id: 1 })
          .limit(1)
          .toArray(),
      );
      if (next === undefined) break;
      last = scopeOf(next._id);
      scopes.push(last);
    }
    return scopes;
  }

  async restore(scope: DocumentScope, restored: readonly StoredDocument[]): Promise<void> {
    const writes = restored.map(({ key, value, version }) => {
      checkDocumentKey(key);
      return { _id: idOf(scope, key), replacement: { value: toJsonText(value), version } };
    });
    for (let start = 0; start < writes.length; start += BATCH) {
      const batch = writes.slice(start, start + BATCH);
      await this.#run((documents) =>
        documents.bulkWrite(
          batch.map(({ _id, replacement }) => ({
            replaceOne: { filter: { _id }, replacement, upsert: true },
          })),
          { ordered: false },
        ),
      );
    }
  }

  async #run<Result>(work: (documents: Collection<Kept>) => Promise<Result>): Promise<Result> {
    return this.#connection.run((database) => work(documentsIn(database)));
  }
}

function documentsIn(database: Db): Collection<Kept> {
  return database.collection<Kept>(DOCUMENTS);
}

function write(text: string) {
  return { $set: { value: text }, $inc: { version: 1 } };
}

async function insert(documents: Collection<Kept>, _id: string, value: string) {
  try {
    await documents.insertOne({ _id, value, version: 1 });
    return 1;
  } catch (error) {
    if (isDuplicateKey(error)) return null;
    throw error;
  }
}

/** Writes the text whatever was there; returns the document's new version. */
export async function upsertVersioned(
  documents: Collection<Kept>,
  _id: string,
  text: string,
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const kept: unknown = await documents.findOneAndUpdate({ _id }, write(text), {
        upsert: true,
        returnDocument: 'after',
      });
      if (!isRow(kept)) throw new Error('an upsert gave no document');
      return integerOf(kept, 'version');
    } catch (error) {
      // Two writers met where nothing was; the other one made the document, so now it can be updated.
      if (!isDuplicateKey(error) || attempt === MAX_UPSERT_ATTEMPTS) throw error;
    }
  }
}

/** Writes in order up to the end or to the first lost race; says how many it wrote. */
async function upsertAll(
  documents: Collection<Kept>,
  batch: readonly { readonly _id: string; readonly text: string }[],
): Promise<{ written: number; hasRaced: boolean }> {
  try {
    await documents.bulkWrite(
      batch.map(({ _id, text }) => ({
        updateOne: { filter: { _id }, update: write(text), upsert: true },
      })),
      { ordered: true },
    );
    return { written: batch.length, hasRaced: false };
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || !isDuplicateKey(error)) throw error;
    return { written: error.matchedCount + error.upsertedCount, hasRaced: true };
  }
}

function raceLost(): Error {
  return new Error('another writer created and deleted the same document again and again');
}

function idOf(scope: DocumentScope, key: string): string {
  return JSON.stringify([scope.server, scope.user]) + key;
}

/** The scope at the beginning of an `_id`. */
function scopeOf(_id: string): DocumentScope {
  const [text = ''] = /^\["(?:[^"\\]|\\.)*","(?:[^"\\]|\\.)*"\]/.exec(_id) ?? [];
  const scope: unknown = JSON.parse(text);
  const [server, user] = Array.isArray(scope) ? scope.map(String) : [];
  if (server === undefined || user === undefined) throw new Error('a document has no scope');
  return { server, user };
}

function rangeOf(scope: DocumentScope, prefix: string) {
  checkPrefix(prefix);
  const start = idOf(scope, prefix);
  return { _id: { $gte: start, $lt: endOfPrefix(start) } };
}

function documentOf(scope: DocumentScope, kept: unknown): StoredDocument {
  if (!isRow(kept)) throw new Error('documents gave no document');
  const value: unknown = JSON.parse(textOf(kept, 'value'));
  const key = textOf(kept, '_id').slice(idOf(scope, '').length);
  return { key, value, version: integerOf(kept, 'version') };
}
