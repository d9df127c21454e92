/**
 * The shared store: MongoDB through its official driver, for gateways on several machines. Asks only for
 * what a standalone server has: single-document atomic writes, no transactions, no change streams, no
 * pipeline updates; so MongoDB-compatible servers can serve it too.
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { mongoAdvice } from './mongo-advice.js';
import { MongoConnection, type MongoConnectionOptions } from './mongo-connection.js';
import { counterValue } from './mongo-counters.js';
import { MongoDocuments } from './mongo-documents.js';
import { createIndexes } from './mongo-indexes.js';
import { MongoKeys } from './mongo-keys.js';
import { MongoRecords } from './mongo-records.js';
import { MongoRoster } from './mongo-roster.js';
import { createStoreParts } from './store-parts.js';
import type { Store } from './store.js';

export interface MongoStoreOptions extends MongoConnectionOptions {
  /** A standard connection string; may hold credentials, which appear nowhere. */
  readonly uri: string;
  /**
   * True: ask nothing of the server yet, so that opening succeeds while it is away. For processes whose
   * primary has opened the store before. Default false: connect, create indexes, or reject.
   */
  readonly isLazy?: boolean;
}

/** The caller closes the store. Rejects with GW_STORE_UNAVAILABLE, whose hint names the place and the trouble. */
export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  const connection = new MongoConnection(options.uri, options);
  if (options.isLazy !== true) await prepare(connection);
  const keys = new MongoKeys(connection);
  return {
    description: connection.description,
    keys,
    documents: new MongoDocuments(connection),
    ...createStoreParts({
      open: (table) => new MongoRecords(connection, table),
      serverChanges: () => connection.run((database) => counterValue(database, 'servers')),
    }),
    machines: new MongoRoster(connection),
    identityVersion: () => keys.identityVersion(),
    ping: async () => {
      await connection.run((database) => database.command({ ping: 1 }));
    },
    close: () => connection.close(),
  };
}

async function prepare(connection: MongoConnection): Promise<void> {
  try {
    await connection.run(createIndexes);
  } catch (cause) {
    await connection.close();
    const { message, options } = asGatewayError(cause);
    const reason = options.cause instanceof Error ? options.cause.message : message;
    throw new GatewayError('GW_STORE_UNAVAILABLE', {
      hint: `Cannot open ${connection.description}: ${reason.replace(/\.$/, '')}. ${mongoAdvice(options.cause)}`,
      cause,
    });
  }
}
