/**
 * Reading and changing one user's tables. A change is a pure function from the table as it is to the
 * table as it shall be; it is committed by replacing the head if nobody else did meanwhile, and
 * otherwise run again on the newer table.
 *
 *   read head → read chunks → edit → write new chunks → replace head (the commit) → delete old chunks
 *
 * A crash before the commit leaves unlisted chunks, one after it leaves replaced ones; neither is ever
 * read, and a sweep removes both (chunk-store.ts; stored-documents.ts says how it can be sure).
 */
import type { CallContext, ModuleStorage } from '../module-api.js';
import { compare } from './cell-values.js';
import type { ChunkCache } from './chunk-cache.js';
import { ChunkStore } from './chunk-store.js';
import { MAX_CHANGE_TRIES, MAX_READ_TRIES, MAX_ROWS, MAX_TABLE_BYTES } from './limits.js';
import { isKept, planChunks, type LoadedChunk, type NewChunk } from './row-chunks.js';
import {
  bytesOf,
  decodeHead,
  encodeHead,
  HEAD_PREFIX,
  headKey,
  rowCountOf,
  versionedId,
  type TableHead,
} from './stored-documents.js';
import { TableCatalog } from './table-catalog.js';
import type { Column, Row } from './table-schema.js';
import { ToolProblem } from './tool-problem.js';

/** A table at one moment. */
export interface Table {
  readonly head: TableHead;
  /** By row number. */
  readonly rows: readonly Row[];
}

/** The table as it shall be. Rows keep their order; a row that stays the same object costs nothing. */
export interface TableEdit<Result> {
  readonly columns?: readonly Column[];
  readonly rows?: readonly Row[];
  readonly nextRow?: number;
  readonly result: Result;
}

interface LoadedTable extends Table {
  readonly version: number;
  readonly chunks: readonly LoadedChunk[];
}

export class TableStorage {
  readonly #context: CallContext;
  readonly #storage: ModuleStorage;
  readonly #chunks: ChunkStore;
  readonly #catalog: TableCatalog;

  constructor(context: CallContext, cache: ChunkCache) {
    this.#context = context;
    this.#storage = context.storage;
    this.#chunks = new ChunkStore(context, cache);
    this.#catalog = new TableCatalog(context);
  }

  /** The heads of all tables, by name. */
  async heads(): Promise<TableHead[]> {
    const entries = await this.#catalog.list();
    const documents = await this.#storage.list({ prefix: HEAD_PREFIX });
    const values = new Map(documents.map(({ key, value }) => [key, value]));
    return entries
      .flatMap(({ id }) => {
        // Dropped between the two reads.
        const value = values.get(headKey(id));
        return value === undefined ? [] : [decodeHead(id, value)];
      })
      .sort((a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()));
  }

  /** A table without its rows. */
  async head(name: string): Promise<TableHead> {
    return (await this.#readHead(name)).head;
  }

  async read(name: string): Promise<Table> {
    return this.#load(name);
  }

  /** Creates a table, with rows from the start. Either all of it exists afterwards or nothing. */
  async create(
    name: string,
    columns: readonly Column[],
    cells: readonly Cells[],
  ): Promise<TableHead> {
    const rows = cells.map((row, index) => ({ id: index + 1, cells: row }));
    const plan = planChunks([], rows);
    return this.#catalog.add(name, async (catalogVersion) => {
      const id = versionedId(catalogVersion);
      const { chunks, entries } = this.#chunks.plan(id, 0, plan);
      const head = { id, name, columns, nextRow: rows.length + 1, chunks };
      refuseOversize(head);
      await this.#storage.put(headKey(id), encodeHead(head), { ifVersion: 0 });
      await this.#chunks.write(entries);
      return head;
    });
  }

  async drop(name: string): Promise<TableHead> {
    const head = await this.head(name);
    await this.#catalog.remove(name);
    return head;
  }

  /** Runs `edit` on the present table and commits what it returns, again if another session was faster. */
  async change<Result>(
    name: string,
    edit: (table: Table) => TableEdit<Result> | Promise<TableEdit<Result>>,
  ): Promise<{ readonly head: TableHead; readonly result: Result }> {
    for (let tries = 0; tries < MAX_CHANGE_TRIES; tries += 1) {
      const table = await this.#load(name);
      const { result, columns, rows, nextRow } = await edit(table);
      const plan = planChunks(table.chunks, rows ?? table.rows);
      const isSame =
        columns === undefined && plan.every(isKept) && plan.length === table.chunks.length;
      if (isSame) return { head: table.head, result };
      const head = await this.#commit(table, plan, {
        columns: columns ?? table.head.columns,
        nextRow: nextRow ?? table.head.nextRow,
      });
      if (head !== null) return { head, result };
    }
    throw new ToolProblem(
      `Other sessions keep changing table "${name}". Nothing was done by this call; try again.`,
    );
  }

  /** The new head, or null when another session was faster. */
  async #commit(
    table: LoadedTable,
    plan: readonly (LoadedChunk | NewChunk)[],
    next: { readonly columns: readonly Column[]; readonly nextRow: number },
  ): Promise<TableHead | null> {
    const { id, name } = table.head;
    const { chunks, entries } = this.#chunks.plan(id, table.version, plan);
    const head = { id, name, ...next, chunks };
    // A change that takes rows away is never too large, even where it writes filled-in columns out.
    if (rowCountOf(head) >= rowCountOf(table.head)) refuseOversize(head);
    this.#context.signal.throwIfAborted();
    await this.#chunks.write(entries);
    const version = await this.#storage.put(headKey(id), encodeHead(head), {
      ifVersion: table.version,
    });
    const [kept, lost] = version === null ? [table.head, head] : [head, table.head];
    // Lost chunks of our own carry a version that has passed, so nobody can ever list them.
    await this.#chunks.discard(kept, lost);
    if (version !== null) await this.#chunks.sweepNowAndThen(head, version);
    return version === null ? null : head;
  }

  async #load(name: string): Promise<LoadedTable> {
    for (let tries = 0; tries < MAX_READ_TRIES; tries += 1) {
      const { head, version } = await this.#readHead(name);
      const chunks = await this.#chunks.read(head);
      if (chunks === null) continue;
      const rows = chunks.flatMap((chunk) => chunk.rows);
      return { head, version, chunks, rows };
    }
    throw new ToolProblem(`Table "${name}" changes faster than it can be read; try again.`);
  }

  async #readHead(name: string): Promise<{ readonly head: TableHead; readonly version: number }> {
    for (let tries = 0; tries < MAX_READ_TRIES; tries += 1) {
      this.#context.signal.throwIfAborted();
      const { id } = await this.#catalog.find(name);
      const document = await this.#storage.get(headKey(id));
      // Absent: dropped between the two reads. The catalog then says so, or names its successor.
      if (document === null) continue;
      return { head: decodeHead(id, document.value), version: document.version };
    }
    throw new ToolProblem(`Table "${name}" is being dropped or created; try again.`);
  }
}

type Cells = Row['cells'];

function refuseOversize(head: TableHead): void {
  const rowCount = rowCountOf(head);
  if (rowCount > MAX_ROWS) {
    throw new ToolProblem(
      `Nothing was written: the table would have ${rowCount} rows; the most is ${MAX_ROWS}. Delete rows or start another table.`,
    );
  }
  const bytes = bytesOf(head);
  if (bytes > MAX_TABLE_BYTES) {
    throw new ToolProblem(
      `Nothing was written: the table would hold ${bytes} bytes; the most is ${MAX_TABLE_BYTES}. Delete rows or start another table.`,
    );
  }
}
