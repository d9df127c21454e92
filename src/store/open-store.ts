/**
 * Chooses the store: MongoDB where a URI is set, else the embedded one in the data directory. The driver is
 * loaded only when it is used: it costs every process start-up time and memory.
 */
import { join } from 'node:path';
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { createDegradingStore, isTooOld } from './degrading-store.js';
import { keepSnapshot, openSnapshot, snapshotState } from './identity-snapshot.js';
import { openLibsqlStore } from './libsql-store.js';
import { StoreAddressError } from './mongo-address.js';
import type { MongoStoreOptions } from './mongo-store.js';
import type { Store } from './store.js';

export interface StoreLocation {
  readonly dataDir: string;
  /** Null = the embedded store. */
  readonly mongodbUri: string | null;
  /** Connections of this process to MongoDB; see MongoConnectionOptions. */
  readonly mongodbMaxPoolSize?: number;
  /** Whether the snapshot of `dataDir` serves while MongoDB is away. Default refuse. */
  readonly onUnavailable?: 'degrade' | 'refuse';
  /** An older snapshot is not believed. Default 24 h. */
  readonly snapshotMaxAgeMs?: number;
  /** True in the one process of the machine that keeps the snapshot. Default false. */
  readonly keepsSnapshot?: boolean;
  /** True lets MongoDB be away while this opens; see MongoStoreOptions. Default false. */
  readonly isLazy?: boolean;
  /** True refuses an embedded store that is not there; it would be made. Default false. */
  readonly mustExist?: boolean;
}

const DAY_MS = 86_400_000;

/**
 * The caller closes the store. Rejects with GW_STORE_UNAVAILABLE, whose hint says what and where, or StoreAddressError.
 */
export async function openStore(location: StoreLocation): Promise<Store> {
  const { dataDir, mongodbUri, mongodbMaxPoolSize, isLazy = false, mustExist = false } = location;
  if (mongodbUri === null) return openLibsqlStore({ path: embeddedStore(dataDir), mustExist });
  const pool = mongodbMaxPoolSize === undefined ? {} : { maxPoolSize: mongodbMaxPoolSize };
  const mongo = { uri: mongodbUri, isLazy, ...pool };
  const { openMongoStore } = await import('./mongo-store.js');
  if (location.onUnavailable !== 'degrade') return openMongoStore(mongo);
  const maxAgeMs = location.snapshotMaxAgeMs ?? DAY_MS;
  const main = await openOrDegrade(openMongoStore, mongo, { dataDir, maxAgeMs });
  const store = createDegradingStore({ main, dataDir, maxAgeMs });
  if (location.keepsSnapshot !== true) return store;
  const keeper = keepSnapshot(main, dataDir);
  return {
    ...store,
    close: async () => {
      await keeper.stop();
      await store.close();
    },
  };
}

/** The file of the embedded store. */
export function embeddedStore(dataDir: string): string {
  return join(dataDir, 'multi-mcp.db');
}

/** A MongoDB URI, or the path of an embedded store's file, which is made when absent. As openStore otherwise. */
export async function openStoreAt(place: string): Promise<Store> {
  if (!/^mongodb(\+srv)?:\/\//.test(place)) return openLibsqlStore({ path: place });
  const { openMongoStore } = await import('./mongo-store.js');
  return openMongoStore({ uri: place });
}

/** Away at the start, and a snapshot could serve: then it is opened as if it were there. */
async function openOrDegrade(
  openMongoStore: (options: MongoStoreOptions) => Promise<Store>,
  mongo: MongoStoreOptions,
  { dataDir, maxAgeMs }: { readonly dataDir: string; readonly maxAgeMs: number },
): Promise<Store> {
  try {
    return await openMongoStore(mongo);
  } catch (thrown) {
    if (thrown instanceof StoreAddressError) throw thrown;
    const problem = await snapshotProblem(dataDir, maxAgeMs);
    if (problem === null) return openMongoStore({ ...mongo, isLazy: true });
    const error = asGatewayError(thrown);
    throw new GatewayError('GW_STORE_UNAVAILABLE', {
      ...error.options,
      hint: `${error.options.hint ?? ''} ${problem}`.trim(),
    });
  }
}

/** Null when the snapshot can serve. */
async function snapshotProblem(dataDir: string, maxAgeMs: number): Promise<string | null> {
  const snapshot = await openSnapshot(dataDir).catch(() => null);
  if (snapshot === null) return 'There is no snapshot of a former run to serve from.';
  try {
    const state = await snapshotState(snapshot);
    if (state === null) return 'The snapshot of a former run was never completed.';
    if (!isTooOld(state, maxAgeMs)) return null;
    return `The snapshot is of ${state.syncedAt}, older than store.snapshotMaxAge allows.`;
  } finally {
    await snapshot.close();
  }
}
