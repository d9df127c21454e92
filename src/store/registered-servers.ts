/**
 * Servers that were added while the gateway ran, beside those of the configuration file. The entry is kept
 * as it was given; whoever serves it checks it again.
 */
import type { RecordTable, StoredRecord } from './record-table.js';
import { isRow, textOf } from './stored-row.js';

export interface RegisteredServer {
  readonly name: string;
  /** As under `servers` in the configuration file: any JSON value. */
  readonly entry: unknown;
  readonly enabled: boolean;
  /** ISO 8601. */
  readonly updatedAt: string;
}

export interface StoredServer extends RegisteredServer {
  /** Grows with each put; starts anew after a removal. */
  readonly version: number;
}

export interface RegisteredServerStore {
  /** Returns the new version. */
  put(server: RegisteredServer): Promise<number>;
  get(name: string): Promise<StoredServer | null>;
  /** False when there was none. */
  remove(name: string): Promise<boolean>;
  /** By name; at most `limit` (default 1000) after the given one. */
  list(page?: {
    readonly afterName?: string | undefined;
    readonly limit?: number | undefined;
  }): Promise<StoredServer[]>;
  /** Grows with every change of any of them: what pollers compare. */
  changes(): Promise<number>;
}

export function createRegisteredServers(
  table: RecordTable,
  changes: () => Promise<number>,
): RegisteredServerStore {
  return {
    put: ({ name, entry, enabled, updatedAt }) => table.put([name], { entry, enabled, updatedAt }),
    async get(name) {
      const record = await table.get([name]);
      return record === null ? null : serverOf(record);
    },
    remove: (name) => table.delete([name]),
    async list({ afterName, limit } = {}) {
      const after = afterName === undefined ? undefined : [afterName];
      return (await table.list({ after, limit })).map(serverOf);
    },
    changes,
  };
}

function serverOf({ key: [name = ''], value, version }: StoredRecord): StoredServer {
  if (!isRow(value)) throw new Error('servers gave no record');
  return {
    name,
    entry: value['entry'] ?? null,
    enabled: value['enabled'] === true,
    updatedAt: textOf(value, 'updatedAt'),
    version,
  };
}
