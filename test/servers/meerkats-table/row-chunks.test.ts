import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  isKept,
  MAX_CHUNK_BYTES,
  MAX_CHUNK_ROWS,
  planChunks,
  type LoadedChunk,
} from '../../../src/servers/meerkats-table/row-chunks.js';
import { rowBytes } from '../../../src/servers/meerkats-table/stored-documents.js';
import type { Row } from '../../../src/servers/meerkats-table/table-schema.js';
import { holds } from './support/holds.js';

let ids = 0;

/** Plays the storage: new chunks get an id. */
function settle(plan: ReturnType<typeof planChunks>): LoadedChunk[] {
  return plan.map((chunk) => {
    if (isKept(chunk)) return chunk;
    ids += 1;
    return { ...chunk, id: `c${ids}`, rowCount: chunk.rows.length };
  });
}

function makeRows(from: number, count: number, width = 1): Row[] {
  return Array.from({ length: count }, (_, index) => ({
    id: from + index,
    cells: ['x'.repeat(width)],
  }));
}

function isSmall(chunk: LoadedChunk): boolean {
  return chunk.rowCount < MAX_CHUNK_ROWS / 2 && chunk.bytes < MAX_CHUNK_BYTES / 2;
}

type Step = {
  readonly kind: 'append' | 'remove' | 'update';
  readonly at: number;
  readonly count: number;
  readonly width: number;
};
const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('append', 'append', 'remove', 'update'),
    at: fc.nat(1000),
    count: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 400 })),
    width: fc.constantFrom(1, 100, 3000, 70_000),
  }),
  { maxLength: 25, size: 'max' },
);

t.test(
  'through any changes the chunks hold the rows in order, stay within bounds, and never leave two small neighbours',
  (t) => {
    holds(
      t,
      fc.property(STEPS, (steps) => {
        let rows: Row[] = [];
        let chunks: LoadedChunk[] = [];
        let next = 1;
        for (const { kind, at, count, width } of steps) {
          const start = rows.length === 0 ? 0 : at % rows.length;
          if (kind === 'append') {
            const few = width > 1000 ? Math.min(count, 5) : count;
            rows = [...rows, ...makeRows(next, few, width)];
            next += few;
          } else if (kind === 'remove')
            rows = rows.filter((_, i) => i < start || i >= start + count);
          else
            rows = rows.map((row, i) =>
              i >= start && i < start + count ? { ...row, cells: ['u'] } : row,
            );
          chunks = settle(planChunks(chunks, rows));
          assert.deepEqual(
            chunks.flatMap((chunk) => chunk.rows),
            rows,
          );
          for (const [index, chunk] of chunks.entries()) {
            assert.equal(chunk.rowCount, chunk.rows.length);
            assert.equal(
              chunk.bytes,
              chunk.rows.reduce((sum, row) => sum + rowBytes(row), 0),
            );
            assert(chunk.rowCount > 0 && chunk.rowCount <= MAX_CHUNK_ROWS);
            assert(chunk.bytes <= MAX_CHUNK_BYTES || chunk.rowCount === 1);
            const next = chunks[index + 1];
            assert(next === undefined || !isSmall(chunk) || !isSmall(next));
          }
        }
      }),
    );
    t.end();
  },
);

t.test('rows inserted one by one end in few chunks, and each insert writes one', (t) => {
  let rows: Row[] = [];
  let chunks: LoadedChunk[] = [];
  for (let id = 1; id <= 2000; id += 1) {
    rows = [...rows, ...makeRows(id, 1)];
    const plan = planChunks(chunks, rows);
    if (plan.filter((chunk) => !isKept(chunk)).length !== 1)
      t.fail(`row ${id} wrote several chunks`);
    chunks = settle(plan);
  }
  t.ok(chunks.length <= 2000 / (MAX_CHUNK_ROWS / 2) + 1, `${chunks.length} chunks`);
  t.end();
});

t.test('deleting most rows here and there merges what is left', (t) => {
  const rows = makeRows(1, 10_000);
  let chunks = settle(planChunks([], rows));
  t.equal(chunks.length, Math.ceil(10_000 / MAX_CHUNK_ROWS));
  const left = rows.filter((row) => row.id % 100 === 0);
  chunks = settle(planChunks(chunks, left));
  t.equal(chunks.length, 1);
  t.end();
});

t.test('one updated row rewrites its chunk only', (t) => {
  const rows = makeRows(1, 1000);
  const chunks = settle(planChunks([], rows));
  const changed = rows.map((row) => (row.id === 500 ? { ...row, cells: ['new'] } : row));
  const plan = planChunks(chunks, changed);
  t.strictSame(
    plan.flatMap((chunk, index) => (isKept(chunk) ? [] : [index])),
    [Math.floor(499 / MAX_CHUNK_ROWS)],
  );
  t.end();
});

t.test('small neighbours that nobody touched join on the next change', (t) => {
  const chunks = [1, 11, 21].map((from) => {
    const rows = makeRows(from, 10);
    return {
      id: `s${from}`,
      rows,
      rowCount: 10,
      bytes: rows.reduce((sum, row) => sum + rowBytes(row), 0),
    };
  });
  t.ok(chunks.every(isSmall));
  const plan = planChunks(
    chunks,
    chunks.flatMap((chunk) => chunk.rows),
  );
  t.equal(plan.length, 1);
  t.end();
});
