/**
 * The embedded store: one libsql (SQLite) file that several processes of one machine share, readable
 * with `sqlite3`. The default when no MONGODB_URI is set. Consistency under four writing processes and
 * through kill -9 was measured before it was chosen (ECOSYSTEM 3.10 of the design).
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { LibsqlConnection } from './libsql-connection.js';
import { LibsqlDocuments } from './libsql-documents.js';
import { LibsqlKeys } from './libsql-keys.js';
import { counterReader } from './libsql-counters.js';
import { LibsqlRecords } from './libsql-records.js';
import { createSchema } from './libsql-schema.js';
import { createStoreParts } from './store-parts.js';
import type { Store } from './store.js';

export interface LibsqlStoreOptions {
  readonly path: string;
  /** True refuses a file that is not there, and makes nothing. Default false. */
  readonly mustExist?: boolean;
}

/**
 * Opens the file, making it (mode 0600), its folder and its tables when absent. The caller closes the store.
 * Rejects with GW_STORE_UNAVAILABLE, whose hint and cause name the file and the trouble.
 */
export async function openLibsqlStore(options: LibsqlStoreOptions): Promise<Store> {
  const { path, mustExist } = options;
  let connection: LibsqlConnection | null = null;
  try {
    connection = new LibsqlConnection(path, mustExist);
    await connection.useWriteAheadLog();
    await createSchema(connection);
    return storeOn(connection, path);
  } catch (cause) {
    connection?.close();
    throw cannotOpen(path, cause);
  }
}

function storeOn(connection: LibsqlConnection, path: string): Store {
  const keys = new LibsqlKeys(connection);
  const identityVersion = counterReader(connection, 'identity');
  return {
    description: `embedded (${path})`,
    keys,
    documents: new LibsqlDocuments(connection),
    ...createStoreParts({
      open: (table) => new LibsqlRecords(connection, table),
      serverChanges: counterReader(connection, 'servers'),
    }),
    machines: null,
    identityVersion,
    ping: async () => {
      connection.checkPlace();
      await identityVersion();
    },
    close: () => {
      connection.close();
      return Promise.resolve();
    },
  };
}

/** Names the file: this is read by the operator at start, before any client is served. */
function cannotOpen(path: string, cause: unknown): GatewayError {
  const { message, options } = asGatewayError(cause);
  const reason = options.cause instanceof Error ? options.cause.message : message;
  return new GatewayError('GW_STORE_UNAVAILABLE', {
    hint: `Cannot open ${path}: ${reason}`,
    cause,
  });
}
