/**
 * The chunks of a table in the user's storage: read through the cache, written before the head that
 * lists them, removed after the head that lists them no more.
 */
import type { CallContext, ModuleStorage } from '../module-api.js';
import type { ChunkCache } from './chunk-cache.js';
import { isKept, type LoadedChunk, type NewChunk } from './row-chunks.js';
import {
  chunkKey,
  chunkPrefix,
  decodeChunk,
  encodeChunk,
  isOutdated,
  versionedId,
  type ChunkRef,
  type TableHead,
} from './stored-documents.js';
import type { Column, Row } from './table-schema.js';

/** Every so many changes of a table, leftovers of crashed ones are looked for. Chosen. */
const SWEEP_EVERY_VERSIONS = 64;
/** Up to this many missing chunks are fetched one by one; more come by listing. */
const MAX_SINGLE_READS = 4;
/** Chunks of one listing: at most about 6 MiB unless rows are huge. */
const LIST_PAGE = 100;
/** Twenty times what a full table has. */
const MAX_LIST_PAGES = 100;

export type ChunkEntry = readonly [key: string, value: unknown];

export class ChunkStore {
  readonly #context: CallContext;
  readonly #storage: ModuleStorage;
  readonly #cache: ChunkCache;

  constructor(context: CallContext, cache: ChunkCache) {
    this.#context = context;
    this.#storage = context.storage;
    this.#cache = cache;
  }

  /** What the head will list, and the documents to write before it does. */
  plan(
    tableId: string,
    version: number,
    planned: readonly (LoadedChunk | NewChunk)[],
  ): { readonly chunks: readonly ChunkRef[]; readonly entries: readonly [string, unknown][] } {
    const entries: [string, unknown][] = [];
    const chunks = planned.map((chunk) => {
      if (isKept(chunk)) return { id: chunk.id, rowCount: chunk.rowCount, bytes: chunk.bytes };
      const id = versionedId(version);
      const key = chunkKey(tableId, id);
      entries.push([key, encodeChunk(chunk.rows)]);
      // Harmless should the change be lost: nothing will ask for this key then.
      this.#cache.set(this.#context.user, key, chunk.rows, chunk.bytes);
      return { id, rowCount: chunk.rows.length, bytes: chunk.bytes };
    });
    return { chunks, entries };
  }

  async write(entries: readonly ChunkEntry[]): Promise<void> {
    if (entries.length > 0) await this.#storage.putMany(entries);
  }

  /** Null when a chunk was replaced since the head was read. */
  async read(head: TableHead): Promise<LoadedChunk[] | null> {
    const found = new Map<string, readonly Row[]>();
    const missing: ChunkRef[] = [];
    for (const chunk of head.chunks) {
      const rows = this.#cache.get(this.#context.user, chunkKey(head.id, chunk.id));
      if (rows === undefined) missing.push(chunk);
      else found.set(chunk.id, rows);
    }
    if (missing.length > MAX_SINGLE_READS) await this.#listChunks(head, missing, found);
    else {
      for (const chunk of missing) {
        const document = await this.#storage.get(chunkKey(head.id, chunk.id));
        if (document === null) return null;
        found.set(chunk.id, this.#remember(head.id, chunk, document.value));
      }
    }
    const chunks: LoadedChunk[] = [];
    for (const ref of head.chunks) {
      const rows = found.get(ref.id);
      if (rows === undefined) return null;
      chunks.push({ ...ref, rows: padRows(rows, head.columns) });
    }
    return chunks;
  }

  async #listChunks(
    head: TableHead,
    missing: readonly ChunkRef[],
    found: Map<string, readonly Row[]>,
  ): Promise<void> {
    const wanted = new Map(missing.map((chunk) => [chunkKey(head.id, chunk.id), chunk]));
    await this.#eachChunk(head.id, (key, value) => {
      const chunk = wanted.get(key);
      if (chunk !== undefined) found.set(chunk.id, this.#remember(head.id, chunk, value));
    });
  }

  async #eachChunk(tableId: string, visit: (key: string, value: unknown) => void): Promise<void> {
    const prefix = chunkPrefix(tableId);
    let afterKey: string | undefined;
    for (let pages = 0; pages < MAX_LIST_PAGES; pages += 1) {
      this.#context.signal.throwIfAborted();
      const query = { prefix, limit: LIST_PAGE, ...(afterKey === undefined ? {} : { afterKey }) };
      const page = await this.#storage.list(query);
      for (const { key, value } of page) visit(key, value);
      afterKey = page.at(-1)?.key;
      if (page.length < LIST_PAGE) return;
    }
  }

  #remember(tableId: string, chunk: ChunkRef, value: unknown): readonly Row[] {
    const rows = decodeChunk(value);
    this.#cache.set(this.#context.user, chunkKey(tableId, chunk.id), rows, chunk.bytes);
    return rows;
  }

  /** Removes chunks that one head lists and the one that stands does not. */
  async discard(standing: TableHead, fallen: TableHead): Promise<void> {
    const live = new Set(standing.chunks.map((chunk) => chunk.id));
    const garbage = fallen.chunks.map((chunk) => chunk.id).filter((id) => !live.has(id));
    await this.#forgive(() => this.#delete(standing.id, garbage));
  }

  /** Every so many versions, looks for chunks that crashed changes left behind. */
  async sweepNowAndThen(head: TableHead, version: number): Promise<void> {
    if (version % SWEEP_EVERY_VERSIONS === 0) await this.#forgive(() => this.#sweep(head, version));
  }

  async #sweep(head: TableHead, version: number): Promise<void> {
    if ((await this.#storage.countPrefix(chunkPrefix(head.id))) <= head.chunks.length) return;
    const live = new Set(head.chunks.map((chunk) => chunk.id));
    const garbage: string[] = [];
    await this.#eachChunk(head.id, (key) => {
      const id = key.slice(chunkPrefix(head.id).length);
      if (!live.has(id) && isOutdated(id, version)) garbage.push(id);
    });
    await this.#delete(head.id, garbage);
  }

  async #delete(tableId: string, chunkIds: readonly string[]): Promise<void> {
    for (const id of chunkIds) await this.#storage.delete(chunkKey(tableId, id));
  }

  /** The change is committed by now: failing to tidy up must not report it as failed. */
  async #forgive(tidyUp: () => Promise<void>): Promise<void> {
    try {
      await tidyUp();
    } catch (error) {
      this.#context.log.warn('replaced rows were not removed yet', { error: String(error) });
    }
  }
}

/** Rows written before a column was added hold its fill. */
function padRows(rows: readonly Row[], columns: readonly Column[]): readonly Row[] {
  const [first] = rows;
  if (first === undefined || first.cells.length >= columns.length) return rows;
  const fills = columns.slice(first.cells.length).map((column) => column.fill);
  return rows.map((row) => ({ id: row.id, cells: [...row.cells, ...fills] }));
}
