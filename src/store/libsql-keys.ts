/** API keys in the embedded store. Every change also moves the identity counter, in the same transaction. */
import { GatewayError } from '../kernel/errors.js';
import { callLimitsIn, toolRulesIn } from './access-rules.js';
import { keyPageSize } from './document-rules.js';
import type { LibsqlConnection } from './libsql-connection.js';
import { integerOf, isRow, jsonOf, optionalTextOf, textOf, toNullableJson } from './stored-row.js';
import type { ApiKeyChange, ApiKeyRecord, ApiKeyRehash, ApiKeyUse, KeyStore } from './store.js';

export class LibsqlKeys implements KeyStore {
  readonly #connection: LibsqlConnection;
  readonly #insert;
  readonly #find;
  readonly #list;
  readonly #listAfter;
  readonly #revoke;
  readonly #update;
  readonly #recordUse;
  readonly #rehash;
  readonly #count;
  readonly #countOtherPeppers;
  readonly #bumpIdentity;
  readonly #remove;

  constructor(connection: LibsqlConnection) {
    this.#connection = connection;
    this.#insert = connection.prepare(
      // Columns by name: where another process has just added some, SQLite then looks at the tables anew.
      `INSERT INTO api_keys (id, user, hash, pepper_version, label, servers, is_admin, created_at,
         expires_at, revoked_at, tools, limits, last_used_at, use_count)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    this.#find = connection.prepare('SELECT * FROM api_keys WHERE id = ?');
    this.#list = connection.prepare('SELECT * FROM api_keys ORDER BY created_at, id LIMIT ?');
    this.#listAfter = connection.prepare(
      `SELECT * FROM api_keys
       WHERE (created_at, id) > (SELECT created_at, id FROM api_keys WHERE id = ?)
       ORDER BY created_at, id LIMIT ?`,
    );
    this.#revoke = connection.prepare(
      'UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
    );
    this.#update = connection.prepare(
      'UPDATE api_keys SET label = ?, servers = ?, tools = ?, limits = ?, expires_at = ? WHERE id = ?',
    );
    this.#recordUse = connection.prepare(
      `UPDATE api_keys SET use_count = use_count + ?, last_used_at = max(ifnull(last_used_at, ''), ?)
       WHERE id = ?`,
    );
    this.#rehash = connection.prepare(
      'UPDATE api_keys SET hash = ?, pepper_version = ? WHERE id = ? AND hash = ?',
    );
    this.#count = connection.prepare('SELECT count(*) AS keys FROM api_keys');
    this.#countOtherPeppers = connection.prepare(
      `SELECT count(*) AS keys FROM api_keys
       WHERE pepper_version <> ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`,
    );
    this.#bumpIdentity = connection.prepare(
      "UPDATE counters SET value = value + 1 WHERE name = 'identity'",
    );
    this.#remove = connection.prepare('DELETE FROM api_keys WHERE id = ?');
  }

  async insert(record: ApiKeyRecord): Promise<void> {
    const isNew = await this.#connection.writeDurably(() => {
      const { changes } = this.#insert.run(...columnsOf(record));
      if (changes > 0) this.#bumpIdentity.run();
      return changes > 0;
    });
    if (!isNew) {
      throw new GatewayError('GW_BAD_REQUEST', { hint: 'An API key with this id exists.' });
    }
  }

  async find(id: string): Promise<ApiKeyRecord | null> {
    return this.#connection.read(() => this.#recordWith(id));
  }

  findNow(id: string): ApiKeyRecord | null | undefined {
    return this.#connection.readNow(() => this.#recordWith(id));
  }

  async list(page: { readonly afterId?: string; readonly limit?: number } = {}) {
    const limit = keyPageSize(page.limit);
    return this.#connection.read(() => {
      const rows =
        page.afterId === undefined
          ? this.#list.all(limit)
          : this.#listAfter.all(page.afterId, limit);
      return rows.map(recordOf);
    });
  }

  async revoke(id: string, at: Date): Promise<boolean> {
    return this.#connection.writeDurably(() => {
      const { changes } = this.#revoke.run(at.toISOString(), id);
      if (changes > 0) this.#bumpIdentity.run();
      return changes > 0;
    });
  }

  async update(id: string, change: ApiKeyChange): Promise<ApiKeyRecord | null> {
    return this.#connection.writeDurably(() => {
      const record = this.#recordWith(id);
      if (record === null || record.revokedAt !== null) return null;
      const { label, servers, tools, limits, expiresAt } = { ...record, ...change };
      this.#update.run(
        label,
        toNullableJson(servers),
        toNullableJson(tools),
        toNullableJson(limits),
        expiresAt,
        id,
      );
      this.#bumpIdentity.run();
      return { ...record, ...change };
    });
  }

  async recordUses(uses: readonly ApiKeyUse[]): Promise<void> {
    if (uses.length === 0) return;
    await this.#connection.writeAll(() => {
      for (const { id, count, lastUsedAt } of uses) this.#recordUse.run(count, lastUsedAt, id);
    });
  }

  async rehash(changes: readonly ApiKeyRehash[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#connection.writeAll(() => {
      for (const { id, hash, pepperVersion, formerHash } of changes) {
        this.#rehash.run(hash, pepperVersion, id, formerHash);
      }
    });
  }

  async countOtherPeppers(pepperVersion: number, at: Date): Promise<number> {
    return this.#connection.read(() => {
      const rows = this.#countOtherPeppers.all(pepperVersion, at.toISOString());
      return integerIn(rows[0], 'keys');
    });
  }

  async count(): Promise<number> {
    return this.#connection.read(() => integerIn(this.#count.all()[0], 'keys'));
  }

  async restore(records: readonly ApiKeyRecord[]): Promise<void> {
    await this.#connection.writeDurably(() => {
      for (const record of records) {
        this.#remove.run(record.id);
        this.#insert.run(...columnsOf(record));
      }
      this.#bumpIdentity.run();
    });
  }

  #recordWith(id: string): ApiKeyRecord | null {
    const row: unknown = this.#find.get(id);
    return row === undefined ? null : recordOf(row);
  }
}

function columnsOf(record: ApiKeyRecord): unknown[] {
  return [
    record.id,
    record.user,
    record.hash,
    record.pepperVersion,
    record.label,
    toNullableJson(record.servers),
    record.isAdmin ? 1 : 0,
    record.createdAt,
    record.expiresAt,
    record.revokedAt,
    toNullableJson(record.tools),
    toNullableJson(record.limits),
    record.lastUsedAt,
    record.useCount,
  ];
}

function recordOf(row: unknown): ApiKeyRecord {
  if (!isRow(row)) throw new Error('api_keys gave no row');
  const servers = optionalTextOf(row, 'servers');
  return {
    id: textOf(row, 'id'),
    user: textOf(row, 'user'),
    hash: textOf(row, 'hash'),
    pepperVersion: integerOf(row, 'pepper_version'),
    label: textOf(row, 'label'),
    servers: servers === null ? null : serversIn(servers),
    tools: toolRulesIn(jsonOf(row, 'tools')),
    limits: callLimitsIn(jsonOf(row, 'limits')),
    isAdmin: integerOf(row, 'is_admin') === 1,
    createdAt: textOf(row, 'created_at'),
    expiresAt: optionalTextOf(row, 'expires_at'),
    revokedAt: optionalTextOf(row, 'revoked_at'),
    lastUsedAt: optionalTextOf(row, 'last_used_at'),
    useCount: integerOf(row, 'use_count'),
  };
}

/** A damaged list must never widen what a key may use, so it is an error and not "all". */
function serversIn(text: string): string[] {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) throw new Error('column servers holds no list');
  return parsed.map(String);
}

function integerIn(row: unknown, column: string): number {
  if (!isRow(row)) throw new Error(`no row with column ${column}`);
  return integerOf(row, column);
}
