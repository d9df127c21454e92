/**
 * API keys in MongoDB. The identity counter is another document and moves after the change it announces:
 * whoever sees the new number finds the change. A crash between the two delays other machines by their
 * cache's time to live at most, and revoking once more finishes the announcement.
 */
import type { Collection, Db } from 'mongodb';
import { GatewayError } from '../kernel/errors.js';
import { callLimitsIn, toolRulesIn } from './access-rules.js';
import { keyPageSize } from './document-rules.js';
import { isDuplicateKey, type MongoConnection } from './mongo-connection.js';
import { announce, counterValue } from './mongo-counters.js';
import { API_KEYS } from './mongo-indexes.js';
import { integerOf, isRow, optionalTextOf, textOf } from './stored-row.js';
import type { ApiKeyChange, ApiKeyRecord, ApiKeyRehash, ApiKeyUse, KeyStore } from './store.js';

interface KeptKey extends Omit<ApiKeyRecord, 'id'> {
  readonly _id: string;
  /** Present on a key whose change the counter does not tell of yet. */
  readonly isUnannounced?: true;
}

/** Updates a command: see BATCH in mongo-documents.ts. */
const BATCH = 25;

export class MongoKeys implements KeyStore {
  readonly #connection: MongoConnection;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
  }

  async insert(record: ApiKeyRecord): Promise<void> {
    const { id, ...facts } = record;
    await this.#connection.run(async (database) => {
      try {
        await keysIn(database).insertOne({ _id: id, ...facts });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        throw new GatewayError('GW_BAD_REQUEST', { hint: 'An API key with this id exists.' });
      }
      await announce(database, 'identity');
    });
  }

  async find(id: string): Promise<ApiKeyRecord | null> {
    return this.#connection.run(async (database) => {
      const kept = await keysIn(database).findOne({ _id: id });
      return kept === null ? null : recordOf(kept);
    });
  }

  async list(page: { readonly afterId?: string; readonly limit?: number } = {}) {
    const limit = keyPageSize(page.limit);
    const { afterId } = page;
    return this.#connection.run(async (database) => {
      const keys = keysIn(database);
      const after = afterId === undefined ? undefined : await keys.findOne({ _id: afterId });
      if (after === null) return [];
      const filter = after === undefined ? {} : laterThan(after);
      const kept = await keys.find(filter).sort({ createdAt: 1, _id: 1 }).limit(limit).toArray();
      return kept.map(recordOf);
    });
  }

  async revoke(id: string, at: Date): Promise<boolean> {
    return this.#connection.run(async (database) => {
      const keys = keysIn(database);
      const { modifiedCount } = await keys.updateOne(
        { _id: id, revokedAt: null },
        { $set: { revokedAt: at.toISOString(), isUnannounced: true } },
      );
      await announceKey(database, id);
      return modifiedCount > 0;
    });
  }

  async update(id: string, change: ApiKeyChange): Promise<ApiKeyRecord | null> {
    return this.#connection.run(async (database) => {
      const keys = keysIn(database);
      await keys.updateOne(
        { _id: id, revokedAt: null },
        { $set: { ...change, isUnannounced: true } },
      );
      await announceKey(database, id);
      const kept = await keys.findOne({ _id: id, revokedAt: null });
      return kept === null ? null : recordOf(kept);
    });
  }

  async recordUses(uses: readonly ApiKeyUse[]): Promise<void> {
    for (let start = 0; start < uses.length; start += BATCH) {
      const batch = uses.slice(start, start + BATCH);
      await this.#connection.run((database) =>
        keysIn(database).bulkWrite(
          batch.map(({ id, count, lastUsedAt }) => ({
            updateOne: {
              filter: { _id: id },
              update: { $inc: { useCount: count }, $max: { lastUsedAt } },
            },
          })),
          { ordered: false },
        ),
      );
    }
  }

  async rehash(changes: readonly ApiKeyRehash[]): Promise<void> {
    for (let start = 0; start < changes.length; start += BATCH) {
      const batch = changes.slice(start, start + BATCH);
      await this.#connection.run((database) =>
        keysIn(database).bulkWrite(
          batch.map(({ id, hash, pepperVersion, formerHash }) => ({
            updateOne: {
              filter: { _id: id, hash: formerHash },
              update: { $set: { hash, pepperVersion } },
            },
          })),
          { ordered: false },
        ),
      );
    }
  }

  async countOtherPeppers(pepperVersion: number, at: Date): Promise<number> {
    return this.#connection.run((database) =>
      keysIn(database).countDocuments({
        pepperVersion: { $ne: pepperVersion },
        revokedAt: null,
        $or: [{ expiresAt: null }, { expiresAt: { $gt: at.toISOString() } }],
      }),
    );
  }

  async restore(records: readonly ApiKeyRecord[]): Promise<void> {
    for (let start = 0; start < records.length; start += BATCH) {
      const batch = records.slice(start, start + BATCH);
      await this.#connection.run(async (database) => {
        await keysIn(database).bulkWrite(
          batch.map(({ id, ...replacement }) => ({
            replaceOne: { filter: { _id: id }, replacement, upsert: true },
          })),
          { ordered: false },
        );
        await announce(database, 'identity');
      });
    }
  }

  async count(): Promise<number> {
    return this.#connection.run((database) => keysIn(database).countDocuments());
  }

  async identityVersion(): Promise<number> {
    return this.#connection.run((database) => counterValue(database, 'identity'));
  }
}

function keysIn(database: Db): Collection<KeptKey> {
  return database.collection<KeptKey>(API_KEYS);
}

/** Moves the counter for a change that was marked, by this call or by one that was interrupted. */
async function announceKey(database: Db, id: string): Promise<void> {
  const keys = keysIn(database);
  const waiting = await keys.findOne({ _id: id, isUnannounced: true });
  if (waiting === null) return;
  await announce(database, 'identity');
  await keys.updateOne({ _id: id }, { $unset: { isUnannounced: '' } });
}

function laterThan({ createdAt, _id }: KeptKey) {
  return { $or: [{ createdAt: { $gt: createdAt } }, { createdAt, _id: { $gt: _id } }] };
}

function recordOf(kept: unknown): ApiKeyRecord {
  if (!isRow(kept)) throw new Error('api_keys gave no document');
  return {
    id: textOf(kept, '_id'),
    user: textOf(kept, 'user'),
    hash: textOf(kept, 'hash'),
    pepperVersion: integerOf(kept, 'pepperVersion'),
    label: textOf(kept, 'label'),
    servers: serversIn(kept['servers']),
    // Absent in keys of releases that knew no such rules.
    tools: toolRulesIn(kept['tools'] ?? null),
    limits: callLimitsIn(kept['limits'] ?? null),
    isAdmin: kept['isAdmin'] === true,
    createdAt: textOf(kept, 'createdAt'),
    expiresAt: optionalTextOf(kept, 'expiresAt'),
    revokedAt: optionalTextOf(kept, 'revokedAt'),
    lastUsedAt: optionalTextOf({ lastUsedAt: null, ...kept }, 'lastUsedAt'),
    useCount: integerOf({ useCount: 0, ...kept }, 'useCount'),
  };
}

/** A damaged or absent list must never widen what a key may use, so it is an error and not "all". */
function serversIn(value: unknown): string[] | null {
  if (value === null) return null;
  if (!Array.isArray(value)) throw new Error('the field servers holds no list');
  return value.map(String);
}
