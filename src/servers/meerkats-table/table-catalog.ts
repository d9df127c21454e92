/**
 * Which tables a user has. One document, replaced by compare-and-set and never deleted, so names are
 * unique and the bound holds however many sessions create at once. A table is created by listing a head
 * that already exists and dropped by unlisting it; a crash between the two steps of either leaves
 * garbage that a later create or drop removes, never half a table.
 */
import type { CallContext, ModuleStorage } from '../module-api.js';
import { MAX_CHANGE_TRIES, MAX_TABLES } from './limits.js';
import { didYouMean } from './nearest-name.js';
import {
  CATALOG_KEY,
  chunkPrefix,
  decodeCatalog,
  encodeCatalog,
  HEAD_PREFIX,
  headKey,
  isOutdated,
  type Catalog,
  type CatalogEntry,
} from './stored-documents.js';
import { isSameName } from './table-schema.js';
import { quote, ToolProblem } from './tool-problem.js';

interface ReadCatalog extends Catalog {
  /** 0 before the first table. */
  readonly version: number;
}

export class TableCatalog {
  readonly #storage: ModuleStorage;
  readonly #context: CallContext;

  constructor(context: CallContext) {
    this.#storage = context.storage;
    this.#context = context;
  }

  async list(): Promise<readonly CatalogEntry[]> {
    return (await this.#read()).tables;
  }

  async find(name: string): Promise<CatalogEntry> {
    return findEntry(await this.#read(), name);
  }

  /**
   * Lists a new table. `write` puts the table's documents under an id made for the given version, the
   * head first, so that whatever a crash leaves is found by its head. It is called once per try, and
   * what it wrote for a lost try is removed.
   */
  async add<Written extends CatalogEntry>(
    name: string,
    write: (catalogVersion: number) => Promise<Written>,
  ): Promise<Written> {
    for (let tries = 0; tries < MAX_CHANGE_TRIES; tries += 1) {
      const catalog = await this.#read();
      refuseIfTaken(catalog, name);
      await this.#sweep(catalog);
      const written = await write(catalog.version);
      const tables = [...catalog.tables, { name, id: written.id }];
      if (await this.#replace(catalog, { tables, dropped: [] })) return written;
      await this.#purge(written.id);
    }
    throw contended();
  }

  async remove(name: string): Promise<CatalogEntry> {
    for (let tries = 0; tries < MAX_CHANGE_TRIES; tries += 1) {
      const catalog = await this.#read();
      const entry = findEntry(catalog, name);
      await this.#sweep(catalog);
      const tables = catalog.tables.filter(({ id }) => id !== entry.id);
      if (!(await this.#replace(catalog, { tables, dropped: [entry.id] }))) continue;
      try {
        await this.#purge(entry.id);
      } catch (error) {
        // The table is gone already; the next create or drop removes what is left of it.
        this.#context.log.warn('rows of a dropped table were not removed yet', {
          error: String(error),
        });
      }
      return entry;
    }
    throw contended();
  }

  async #read(): Promise<ReadCatalog> {
    this.#context.signal.throwIfAborted();
    const document = await this.#storage.get(CATALOG_KEY);
    if (document === null) return { tables: [], dropped: [], version: 0 };
    return { ...decodeCatalog(document.value), version: document.version };
  }

  async #replace(present: ReadCatalog, next: Catalog): Promise<boolean> {
    this.#context.signal.throwIfAborted();
    const options = { ifVersion: present.version };
    return (await this.#storage.put(CATALOG_KEY, encodeCatalog(next), options)) !== null;
  }

  /** Removes what tables dropped before, and creates that never finished, left behind. */
  async #sweep(catalog: ReadCatalog): Promise<void> {
    for (const id of catalog.dropped) await this.#purge(id);
    if ((await this.#storage.countPrefix(HEAD_PREFIX)) <= catalog.tables.length) return;
    const listed = new Set(catalog.tables.map(({ id }) => id));
    const heads = await this.#storage.list({ prefix: HEAD_PREFIX });
    for (const { key } of heads) {
      const id = key.slice(HEAD_PREFIX.length);
      if (!listed.has(id) && isOutdated(id, catalog.version)) await this.#purge(id);
    }
  }

  async #purge(id: string): Promise<void> {
    // The head first: from then on no writer can commit chunks under it.
    await this.#storage.delete(headKey(id));
    await this.#storage.deletePrefix(chunkPrefix(id));
  }
}

function refuseIfTaken(catalog: Catalog, name: string): void {
  const taken = catalog.tables.find((entry) => isSameName(entry.name, name));
  if (taken !== undefined) {
    throw new ToolProblem(
      `There is a table "${taken.name}" already. Choose another name, or use describe_table and insert_rows.`,
    );
  }
  if (catalog.tables.length >= MAX_TABLES) {
    throw new ToolProblem(`You have ${MAX_TABLES} tables, the most there can be. Drop one first.`);
  }
}

function findEntry(catalog: Catalog, name: string): CatalogEntry {
  const entry = catalog.tables.find((candidate) => isSameName(candidate.name, name));
  if (entry !== undefined) return entry;
  const names = catalog.tables.map((candidate) => candidate.name);
  throw new ToolProblem(
    names.length === 0
      ? `No table ${quote(name)}: you have no tables yet. Use create_table or import_csv.`
      : `No table ${quote(name)}.${didYouMean(name, names)} Tables: ${names.join(', ')}.`,
  );
}

function contended(): ToolProblem {
  return new ToolProblem('Other sessions keep changing your tables. Nothing was done; try again.');
}
