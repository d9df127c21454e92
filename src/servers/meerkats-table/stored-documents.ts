/**
 * The three documents of a user, and the guards that read them back.
 *
 *   catalog                   which tables there are: [name, id] pairs
 *   head/{table}              one table: columns, counters, and the list of its live chunks
 *   rows/{table}/{chunk}      a chunk: some rows, never changed once written
 *
 * A head is the only thing ever replaced in a table, by compare-and-set; whatever it does not list does
 * not exist. Ids of tables and chunks carry the version of the document they were written under
 * (`{version}-{random}`). What is not listed and carries an older version than the present one can
 * never be listed any more, because its writer's compare-and-set must fail: it is garbage for certain,
 * without clocks or leases.
 */
import { randomBytes } from 'node:crypto';
import { COLUMN_TYPES, isJson, type Cell } from './cell-values.js';
import type { Column, Row } from './table-schema.js';

export const CATALOG_KEY = 'catalog';
export const HEAD_PREFIX = 'head/';
export const ROWS_PREFIX = 'rows/';

export interface Catalog {
  readonly tables: readonly CatalogEntry[];
  /** Ids dropped lately: their remains are removed once more before the next change of the catalog. */
  readonly dropped: readonly string[];
}

export interface CatalogEntry {
  readonly name: string;
  readonly id: string;
}

export interface TableHead {
  readonly id: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /** Given to the next row. */
  readonly nextRow: number;
  /** In the order of their rows. */
  readonly chunks: readonly ChunkRef[];
}

export interface ChunkRef {
  readonly id: string;
  readonly rowCount: number;
  /** Of its rows as JSON text. */
  readonly bytes: number;
}

export function headKey(tableId: string): string {
  return `${HEAD_PREFIX}${tableId}`;
}

export function chunkPrefix(tableId: string): string {
  return `${ROWS_PREFIX}${tableId}/`;
}

export function chunkKey(tableId: string, chunkId: string): string {
  return `${chunkPrefix(tableId)}${chunkId}`;
}

/** A fresh id under the given version of the document that is to list it. */
export function versionedId(version: number): string {
  return `${version}-${randomBytes(9).toString('base64url')}`;
}

/** Whether something unlisted is garbage under the present version of the document that would list it. */
export function isOutdated(id: string, presentVersion: number): boolean {
  return Number.parseInt(id, 10) < presentVersion;
}

export function rowCountOf(head: TableHead): number {
  return head.chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
}

export function bytesOf(head: TableHead): number {
  return head.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
}

export function encodeCatalog(catalog: Catalog): unknown {
  return {
    format: 1,
    tables: catalog.tables.map(({ name, id }) => [name, id]),
    dropped: catalog.dropped,
  };
}

export function decodeCatalog(value: unknown): Catalog {
  const fields = fieldsOf(value, 'catalog');
  const tables = listOf(fields, 'tables').map((entry) => {
    const [name, id] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== 'string' || typeof id !== 'string') throw damaged('catalog');
    return { name, id };
  });
  return { tables, dropped: listOf(fields, 'dropped').filter((id) => typeof id === 'string') };
}

export function encodeHead(head: TableHead): unknown {
  return {
    format: 1,
    name: head.name,
    columns: head.columns,
    nextRow: head.nextRow,
    chunks: head.chunks.map(({ id, rowCount, bytes }) => [id, rowCount, bytes]),
  };
}

export function decodeHead(id: string, value: unknown): TableHead {
  const fields = fieldsOf(value, 'head');
  const name = fields.get('name');
  const nextRow = fields.get('nextRow');
  if (typeof name !== 'string' || typeof nextRow !== 'number') throw damaged('head');
  return {
    id,
    name,
    columns: listOf(fields, 'columns').map(decodeColumn),
    nextRow,
    chunks: listOf(fields, 'chunks').map(decodeChunkRef),
  };
}

export function encodeChunk(rows: readonly Row[]): unknown {
  return { format: 1, rows: rows.map(encodeRow) };
}

/** Rows as they were written: they may hold fewer cells than the table has columns by now. */
export function decodeChunk(value: unknown): Row[] {
  return listOf(fieldsOf(value, 'chunk'), 'rows').map((row) => {
    const [id, ...cells] = Array.isArray(row) ? (row as unknown[]) : [];
    // Cells were checked on their way in; checking megabytes again on every read would buy nothing.
    if (typeof id !== 'number') throw damaged('chunk');
    return { id, cells: cells as Cell[] };
  });
}

/** UTF-8 bytes of a row inside its chunk, comma included. */
export function rowBytes(row: Row): number {
  return Buffer.byteLength(JSON.stringify(encodeRow(row))) + 1;
}

function encodeRow(row: Row): unknown {
  return [row.id, ...row.cells];
}

function decodeColumn(value: unknown): Column {
  const fields = fieldsOf(value, 'column');
  const name = fields.get('name');
  const type = COLUMN_TYPES.find((known) => known === fields.get('type'));
  const preset = fields.get('default');
  const fill = fields.get('fill');
  if (typeof name !== 'string' || type === undefined || !isJson(preset) || !isJson(fill)) {
    throw damaged('column');
  }
  const required = fields.get('required') === true;
  return { name, type, required, unique: fields.get('unique') === true, default: preset, fill };
}

function decodeChunkRef(value: unknown): ChunkRef {
  const [id, rowCount, bytes] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof id !== 'string' || typeof rowCount !== 'number' || typeof bytes !== 'number') {
    throw damaged('chunk list');
  }
  return { id, rowCount, bytes };
}

function fieldsOf(value: unknown, what: string): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(what);
  return new Map<string, unknown>(Object.entries(value));
}

function listOf(fields: ReadonlyMap<string, unknown>, name: string): readonly unknown[] {
  const value = fields.get(name);
  if (!Array.isArray(value)) throw damaged(name);
  return value;
}

function damaged(what: string): Error {
  return new Error(`meerkats-table: a stored ${what} does not have the expected shape`);
}
