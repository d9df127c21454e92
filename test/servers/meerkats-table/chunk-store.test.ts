import t from 'tap';
import { ChunkCache } from '../../../src/servers/meerkats-table/chunk-cache.js';
import { ChunkStore } from '../../../src/servers/meerkats-table/chunk-store.js';
import { planChunks } from '../../../src/servers/meerkats-table/row-chunks.js';
import type { TableHead } from '../../../src/servers/meerkats-table/stored-documents.js';
import { column, rowsOf } from './support/columns.js';
import { StoredDocuments, type Turn } from './support/memory-storage.js';
import { callContext, type LogLine } from './support/module-client.js';

const CELLS = Array.from({ length: 1000 }, (_, index) => [index]);

async function fill(documents: StoredDocuments): Promise<TableHead> {
  const store = new ChunkStore(callContext(documents.open()), new ChunkCache());
  const { chunks, entries } = store.plan('0-t', 0, planChunks([], rowsOf(...CELLS)));
  await store.write(entries);
  return { id: '0-t', name: 't', columns: [column('n', 'number')], nextRow: 1001, chunks };
}

function openStore(documents: StoredDocuments, turn?: Turn, lines: LogLine[] = []): ChunkStore {
  return new ChunkStore(callContext(documents.open(turn), { lines }), new ChunkCache());
}

t.test('chunks are read once, then kept', async (t) => {
  const documents = new StoredDocuments();
  const head = await fill(documents);
  const asked: string[] = [];
  const store = openStore(documents, (operation) => void asked.push(operation));
  const first = await store.read(head);
  t.strictSame(
    first?.flatMap((chunk) => chunk.rows.map(({ cells }) => cells)),
    CELLS,
  );
  t.strictSame(asked, ['list']);
  await store.read(head);
  t.strictSame(asked, ['list']);
});

t.test('a few missing chunks are fetched one by one', async (t) => {
  const documents = new StoredDocuments();
  const head = await fill(documents);
  const asked: string[] = [];
  const store = openStore(documents, (operation) => void asked.push(operation));
  const chunks = await store.read({ ...head, chunks: head.chunks.slice(0, 2) });
  t.equal(chunks?.length, 2);
  t.strictSame(asked, ['get', 'get']);
});

t.test('a chunk that is gone makes the read void, however it was looked for', async (t) => {
  const documents = new StoredDocuments();
  const head = await fill(documents);
  const [key = ''] = documents.keys('rows/');
  documents.documents.delete(key);
  t.equal(await openStore(documents).read(head), null);
  const gone = head.chunks.filter(({ id }) => key.endsWith(id));
  t.equal(await openStore(documents).read({ ...head, chunks: gone }), null);
});

t.test('more chunks than one listing holds are read to the last', async (t) => {
  const documents = new StoredDocuments();
  const head = await fill(documents);
  const other = new ChunkStore(callContext(documents.open()), new ChunkCache());
  // A crowd of leftovers between the live ones.
  for (let index = 0; index < 250; index += 1) {
    const { entries } = other.plan('0-t', 0, planChunks([], rowsOf([index])));
    await other.write(entries);
  }
  const chunks = await openStore(documents).read(head);
  t.equal(
    chunks?.reduce((sum, chunk) => sum + chunk.rowCount, 0),
    1000,
  );
});

t.test('a sweep removes leftovers of earlier versions, on its turn only', async (t) => {
  const documents = new StoredDocuments();
  const head = await fill(documents);
  const store = openStore(documents);
  for (const version of [63, 64]) {
    await store.write(store.plan('0-t', version, planChunks([], rowsOf([0]))).entries);
  }
  await store.sweepNowAndThen(head, 65);
  t.equal(documents.keys('rows/').length, head.chunks.length + 2);
  await store.sweepNowAndThen(head, 64);
  t.equal(
    documents.keys('rows/').length,
    head.chunks.length + 1,
    'what version 64 may yet list stays',
  );
});

t.test('trouble while tidying up is logged and no failure', async (t) => {
  const documents = new StoredDocuments();
  const head = await fill(documents);
  const lines: LogLine[] = [];
  const store = openStore(
    documents,
    (operation) => {
      if (operation === 'delete' || operation === 'count') throw new Error('storage away');
    },
    lines,
  );
  await store.discard({ ...head, chunks: [] }, head);
  await store.sweepNowAndThen(head, 64);
  t.strictSame(
    lines.map(({ level }) => level),
    ['warn', 'warn'],
  );
});
