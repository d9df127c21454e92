/**
 * Copies what one store holds into another, page by page, and writes only what differs: a copy that was
 * interrupted goes on where it was when it is started again, and one that is complete writes nothing.
 * Nothing is deleted in the target; versions, use counts and revocations come along.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RecordTableName, StoredRecord } from './record-table.js';
import type { ApiKeyRecord, DocumentScope, Store, StoredDocument } from './store.js';

export type StorePart = 'keys' | 'documents' | RecordTableName['name'];

export const STORE_PARTS = [
  'keys',
  'grants',
  'credentials',
  'servers',
  'audit',
  'alerts',
  'documents',
] as const satisfies readonly StorePart[];

export interface PartCounts {
  /** Looked at in the source. */
  readonly found: number;
  /** Of these, written because the target had them not or otherwise. */
  readonly written: number;
}

export interface CopyOptions {
  readonly source: Store;
  readonly target: Store;
  readonly parts: readonly StorePart[];
  /** After every page. */
  readonly onProgress?: (part: StorePart, counts: PartCounts) => void;
  /** Ends the copy between two pages; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export type CopyResult = Readonly<Partial<Record<StorePart, PartCounts>>>;

/** Chosen: a transaction of so many rows holds the embedded store for a few milliseconds. */
const PAGE = 200;
/** Documents may have 4 MiB each. */
const DOCUMENT_PAGE = 20;

/** Rejects with GW_STORE_UNAVAILABLE when either end is. */
export async function copyStore(options: CopyOptions): Promise<CopyResult> {
  const result: Partial<Record<StorePart, PartCounts>> = {};
  for (const part of options.parts) result[part] = await copyPart(part, options);
  return result;
}

async function copyPart(part: StorePart, options: CopyOptions): Promise<PartCounts> {
  const { onProgress, signal } = options;
  let counts: PartCounts = { found: 0, written: 0 };
  for await (const page of pagesOf(part, options)) {
    signal?.throwIfAborted();
    counts = { found: counts.found + page.found, written: counts.written + page.written };
    onProgress?.(part, counts);
  }
  return counts;
}

function pagesOf(part: StorePart, { source, target }: CopyOptions): AsyncGenerator<PartCounts> {
  if (part === 'keys') return copyKeys(source, target);
  if (part === 'documents') return copyDocuments(source, target);
  return copyRecords(part, source, target);
}

async function* copyKeys(source: Store, target: Store): AsyncGenerator<PartCounts> {
  let last: ApiKeyRecord | undefined;
  do {
    const after = last === undefined ? {} : { afterId: last.id };
    const page = await source.keys.list({ ...after, limit: PAGE });
    const changed = await differing(page, ({ id }) => target.keys.find(id));
    if (changed.length > 0) await target.keys.restore(changed);
    yield { found: page.length, written: changed.length };
    last = page.at(-1);
  } while (last !== undefined);
}

async function* copyRecords(
  part: RecordTableName['name'],
  source: Store,
  target: Store,
): AsyncGenerator<PartCounts> {
  let last: StoredRecord | undefined;
  do {
    const page = await source.tables[part].list({ after: last?.key, limit: PAGE });
    const changed = await differing(page, ({ key }) => target.tables[part].get(key));
    if (changed.length > 0) await target.tables[part].restore(changed);
    yield { found: page.length, written: changed.length };
    last = page.at(-1);
  } while (last !== undefined);
}

async function* copyDocuments(source: Store, target: Store): AsyncGenerator<PartCounts> {
  for await (const scope of scopesOf(source)) {
    let last: StoredDocument | undefined;
    do {
      const after = last === undefined ? {} : { afterKey: last.key };
      const query = { prefix: '', limit: DOCUMENT_PAGE, ...after };
      const page = await source.documents.list(scope, query);
      const changed = await differing(page, ({ key }) => target.documents.get(scope, key));
      if (changed.length > 0) await target.documents.restore(scope, changed);
      yield { found: page.length, written: changed.length };
      last = page.at(-1);
    } while (last !== undefined);
  }
}

/** Every scope that holds documents. */
export async function* scopesOf({ documents }: Pick<Store, 'documents'>) {
  let last: DocumentScope | undefined;
  do {
    const page = await documents.scopes(
      last === undefined ? { limit: PAGE } : { after: last, limit: PAGE },
    );
    yield* page;
    last = page.at(-1);
  } while (last !== undefined);
}

async function differing<Item>(
  page: readonly Item[],
  present: (item: Item) => Promise<Item | null>,
): Promise<Item[]> {
  const there = await Promise.all(page.map(present));
  return page.filter((item, index) => !isDeepStrictEqual(item, there[index]));
}
