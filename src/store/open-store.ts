/**
 * Chooses the store: MongoDB where a URI is set, else the embedded one in the data directory. The driver is
 * loaded only when it is used: it costs every process start-up time and memory.
 */
import { join } from 'node:path';
import { openLibsqlStore } from './libsql-store.js';
import type { Store } from './store.js';

export interface StoreLocation {
  readonly dataDir: string;
  /** Null = the embedded store. */
  readonly mongodbUri: string | null;
  /** Connections of this process to MongoDB; see MongoConnectionOptions. */
  readonly mongodbMaxPoolSize?: number;
  /** True lets MongoDB be away while this opens; see MongoStoreOptions. Default false. */
  readonly isLazy?: boolean;
}

/** The caller closes the store. Rejects with GW_STORE_UNAVAILABLE, whose hint says what and where. */
export async function openStore(location: StoreLocation): Promise<Store> {
  const { dataDir, mongodbUri, mongodbMaxPoolSize, isLazy = false } = location;
  if (mongodbUri === null) return openLibsqlStore({ path: join(dataDir, 'multi-mcp.db') });
  const { openMongoStore } = await import('./mongo-store.js');
  return openMongoStore({
    uri: mongodbUri,
    isLazy,
    ...(mongodbMaxPoolSize === undefined ? {} : { maxPoolSize: mongodbMaxPoolSize }),
  });
}
