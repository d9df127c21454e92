/**
 * The embedded store's tables, made on first use and brought forward step by step. `user_version` in the
 * file's header counts the steps that were applied, so that every process agrees on what is there.
 */
import { GatewayError } from '../kernel/errors.js';
import type { LibsqlConnection } from './libsql-connection.js';
import { integerOf, isRow } from './stored-row.js';

/** One entry a release that changed the tables; entries are never edited, only added. */
const STEPS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE api_keys (
       id TEXT PRIMARY KEY, user TEXT NOT NULL, hash TEXT NOT NULL, pepper_version INTEGER NOT NULL,
       label TEXT NOT NULL, servers TEXT, is_admin INTEGER NOT NULL,
       created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
     ) WITHOUT ROWID`,
    'CREATE INDEX api_keys_by_age ON api_keys (created_at, id)',
    `CREATE TABLE documents (
       server TEXT NOT NULL, user TEXT NOT NULL, key TEXT NOT NULL,
       value TEXT NOT NULL, version INTEGER NOT NULL,
       PRIMARY KEY (server, user, key)
     ) WITHOUT ROWID`,
    'CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID',
    "INSERT INTO counters VALUES ('identity', 0)",
  ],
  [
    'ALTER TABLE api_keys ADD COLUMN tools TEXT',
    'ALTER TABLE api_keys ADD COLUMN limits TEXT',
    'ALTER TABLE api_keys ADD COLUMN last_used_at TEXT',
    'ALTER TABLE api_keys ADD COLUMN use_count INTEGER NOT NULL DEFAULT 0',
  ],
  [
    ...['grants', 'credentials', 'servers', 'audit', 'alerts'].map(
      (table) =>
        `CREATE TABLE ${table} (key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID`,
    ),
    "INSERT INTO counters VALUES ('servers', 0)",
  ],
];

/** Safe to run in several processes at once. Rejects when a newer release made the file. */
export async function createSchema(connection: LibsqlConnection): Promise<void> {
  await connection.writeDurably(() => {
    const applied = appliedSteps(connection);
    if (applied > STEPS.length) {
      throw new GatewayError('GW_STORE_UNAVAILABLE', {
        hint: `The store was written by a newer release (schema ${applied}, this one knows ${STEPS.length}).`,
      });
    }
    for (const step of STEPS.slice(applied)) {
      for (const sql of step) connection.prepare(sql).run();
    }
    if (applied < STEPS.length) connection.prepare(`PRAGMA user_version = ${STEPS.length}`).all();
  });
}

function appliedSteps(connection: LibsqlConnection): number {
  const row = connection.prepare('PRAGMA user_version').all()[0];
  return isRow(row) ? integerOf(row, 'user_version') : 0;
}
