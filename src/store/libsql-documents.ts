/**
 * Module documents in the embedded store. Keys are TEXT in SQLite's binary collation, which compares
 * UTF-8 bytes; a prefix is the half-open range up to itself with its last byte raised by one.
 */
import {
  checkDocumentKey,
  checkPrefix,
  documentPageSize,
  keyPageSize,
  toJsonText,
} from './document-rules.js';
import type { LibsqlConnection } from './libsql-connection.js';
import { integerOf, isRow, textOf } from './stored-row.js';
import type { DocumentScope, DocumentStore, StoredDocument } from './store.js';

const SCOPE = 'server = ? AND user = ?';
/** The bound is bytes that need not be UTF-8; as text they still compare byte by byte. */
const RANGE = `${SCOPE} AND key >= ? AND key < CAST(? AS TEXT)`;

export class LibsqlDocuments implements DocumentStore {
  readonly #connection: LibsqlConnection;
  readonly #get;
  readonly #put;
  readonly #putNew;
  readonly #putIf;
  readonly #delete;
  readonly #deleteRange;
  readonly #list;
  readonly #listAfter;
  readonly #countRange;
  readonly #scopes;
  readonly #restore;

  constructor(connection: LibsqlConnection) {
    this.#connection = connection;
    const insert =
      'INSERT INTO documents (server, user, key, value, version) VALUES (?, ?, ?, ?, 1)';
    const columns = 'SELECT key, value, version FROM documents';
    this.#get = connection.prepare(`${columns} WHERE ${SCOPE} AND key = ?`);
    this.#put = connection.prepare(
      `${insert} ON CONFLICT DO UPDATE SET value = excluded.value, version = version + 1 RETURNING version`,
    );
    this.#putNew = connection.prepare(`${insert} ON CONFLICT DO NOTHING RETURNING version`);
    this.#putIf = connection.prepare(
      `UPDATE documents SET value = ?, version = version + 1
       WHERE ${SCOPE} AND key = ? AND version = ? RETURNING version`,
    );
    this.#delete = connection.prepare(`DELETE FROM documents WHERE ${SCOPE} AND key = ?`);
    this.#deleteRange = connection.prepare(`DELETE FROM documents WHERE ${RANGE}`);
    this.#list = connection.prepare(`${columns} WHERE ${RANGE} ORDER BY key LIMIT ?`);
    this.#listAfter = connection.prepare(
      `${columns} WHERE ${RANGE} AND key > ? ORDER BY key LIMIT ?`,
    );
    this.#scopes = connection.prepare(
      `SELECT server, user FROM documents WHERE (server, user) > (?, ?)
       GROUP BY server, user ORDER BY server, user LIMIT ?`,
    );
    this.#restore = connection.prepare(
      `INSERT INTO documents (server, user, key, value, version) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version`,
    );
    this.#countRange = connection.prepare(
      `SELECT count(*) AS documents FROM documents WHERE ${RANGE}`,
    );
  }

  async get(scope: DocumentScope, key: string): Promise<StoredDocument | null> {
    checkDocumentKey(key);
    return this.#connection.read(() => {
      const row = this.#get.all(scope.server, scope.user, key)[0];
      return row === undefined ? null : documentOf(row);
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
    const { server, user } = scope;
    const { ifVersion } = options;
    const rows = await this.#connection.write(() => {
      // .all() and not .get(): it steps RETURNING to its end, where the write is committed.
      if (ifVersion === undefined) return this.#put.all(server, user, key, text);
      if (ifVersion === 0) return this.#putNew.all(server, user, key, text);
      return this.#putIf.all(text, server, user, key, ifVersion);
    });
    const row = rows[0];
    return isRow(row) ? integerOf(row, 'version') : null;
  }

  async putMany(
    scope: DocumentScope,
    entries: readonly (readonly [string, unknown])[],
  ): Promise<void> {
    const rows = entries.map(([key, value]) => {
      checkDocumentKey(key);
      return [scope.server, scope.user, key, toJsonText(value)] as const;
    });
    await this.#connection.writeAll(() => {
      for (const row of rows) this.#put.all(...row);
    });
  }

  async delete(scope: DocumentScope, key: string): Promise<boolean> {
    checkDocumentKey(key);
    return this.#connection.write(
      () => this.#delete.run(scope.server, scope.user, key).changes > 0,
    );
  }

  async deletePrefix(scope: DocumentScope, prefix: string): Promise<number> {
    const range = rangeOf(scope, prefix);
    return this.#connection.write(() => this.#deleteRange.run(...range).changes);
  }

  async list(
    scope: DocumentScope,
    query: { readonly prefix: string; readonly afterKey?: string; readonly limit?: number },
  ): Promise<StoredDocument[]> {
    const range = rangeOf(scope, query.prefix);
    const limit = documentPageSize(query.limit);
    const { afterKey } = query;
    if (afterKey !== undefined) checkPrefix(afterKey);
    return this.#connection.read(() => {
      const rows =
        afterKey === undefined
          ? this.#list.all(...range, limit)
          : this.#listAfter.all(...range, afterKey, limit);
      return rows.map(documentOf);
    });
  }

  async scopes(page: { readonly after?: DocumentScope; readonly limit?: number } = {}) {
    const { server, user } = page.after ?? { server: '', user: '' };
    const limit = keyPageSize(page.limit);
    return this.#connection.read(() => this.#scopes.all(server, user, limit).map(scopeOf));
  }

  async restore(scope: DocumentScope, documents: readonly StoredDocument[]): Promise<void> {
    const rows = documents.map(({ key, value, version }) => {
      checkDocumentKey(key);
      return [scope.server, scope.user, key, toJsonText(value), version] as const;
    });
    await this.#connection.writeAll(() => {
      for (const row of rows) this.#restore.run(...row);
    });
  }

  async countPrefix(scope: DocumentScope, prefix: string): Promise<number> {
    const range = rangeOf(scope, prefix);
    return this.#connection.read(() => {
      const row = this.#countRange.all(...range)[0];
      return isRow(row) ? integerOf(row, 'documents') : 0;
    });
  }
}

function rangeOf(scope: DocumentScope, prefix: string): [string, string, string, Buffer] {
  checkPrefix(prefix);
  return [scope.server, scope.user, prefix, endOfPrefix(prefix)];
}

/** The least byte string above every key with this prefix. UTF-8 never holds 0xFF, so +1 cannot overflow. */
function endOfPrefix(prefix: string): Buffer {
  const end = prefix === '' ? Buffer.of(0xfe) : Buffer.from(prefix);
  const last = end.length - 1;
  end.writeUInt8(end.readUInt8(last) + 1, last);
  return end;
}

function scopeOf(row: unknown): DocumentScope {
  if (!isRow(row)) throw new Error('documents gave no row');
  return { server: textOf(row, 'server'), user: textOf(row, 'user') };
}

function documentOf(row: unknown): StoredDocument {
  if (!isRow(row)) throw new Error('documents gave no row');
  const value: unknown = JSON.parse(textOf(row, 'value'));
  return { key: textOf(row, 'key'), value, version: integerOf(row, 'version') };
}
