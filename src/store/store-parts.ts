/** What every adapter builds over its record tables, once for all adapters. */
import { createCredentials } from './credentials.js';
import { createAlertLog, createAuditLog } from './event-log.js';
import { createGrants } from './grants.js';
import { RECORD_TABLES, type RecordTable, type RecordTableName } from './record-table.js';
import { createRegisteredServers } from './registered-servers.js';
import type { Store } from './store.js';

export interface StorePartsOptions {
  readonly open: (table: RecordTableName) => RecordTable;
  /** Of the counter `servers`. */
  readonly serverChanges: () => Promise<number>;
}

export function createStoreParts(
  options: StorePartsOptions,
): Pick<Store, 'grants' | 'credentials' | 'servers' | 'audit' | 'alerts' | 'tables'> {
  const { open, serverChanges } = options;
  const tables = {
    grants: open(RECORD_TABLES.grants),
    credentials: open(RECORD_TABLES.credentials),
    servers: open(RECORD_TABLES.servers),
    audit: open(RECORD_TABLES.audit),
    alerts: open(RECORD_TABLES.alerts),
  };
  return {
    grants: createGrants(tables.grants),
    credentials: createCredentials(tables.credentials),
    servers: createRegisteredServers(tables.servers, serverChanges),
    audit: createAuditLog(tables.audit),
    alerts: createAlertLog(tables.alerts),
    tables,
  };
}
