import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ChunkCache } from '../../../src/servers/meerkats-table/chunk-cache.js';
import { rowCountOf } from '../../../src/servers/meerkats-table/stored-documents.js';
import type { Row } from '../../../src/servers/meerkats-table/table-schema.js';
import { TableStorage, type Table } from '../../../src/servers/meerkats-table/table-storage.js';
import { column } from './support/columns.js';
import { holdsAsync } from './support/holds.js';
import { StoredDocuments, type Turn } from './support/memory-storage.js';
import { callContext, type LogLine } from './support/module-client.js';

const COLUMNS = [column('who', 'text'), column('n', 'number')];

function open(
  documents: StoredDocuments,
  turn?: Turn,
  cache = new ChunkCache(),
  lines: LogLine[] = [],
): TableStorage {
  return new TableStorage(callContext(documents.open(turn), { lines }), cache);
}

function append(
  table: Table,
  cells: Row['cells'],
): { rows: Row[]; nextRow: number; result: number } {
  const { nextRow } = table.head;
  return { rows: [...table.rows, { id: nextRow, cells }], nextRow: nextRow + 1, result: nextRow };
}

function cellsOf(table: Table): Row['cells'][] {
  return table.rows.map(({ cells }) => cells);
}

t.test('a table created with rows reads back, through the cache and past it', async (t) => {
  const documents = new StoredDocuments();
  const tables = open(documents);
  const cells = Array.from({ length: 1000 }, (_, index) => ['x', index]);
  const head = await tables.create('Big', COLUMNS, cells);
  t.equal(rowCountOf(head), 1000);
  t.strictSame(cellsOf(await tables.read('big')), cells);
  t.strictSame(cellsOf(await open(documents).read('big')), cells);
  t.equal((await tables.head('BIG')).nextRow, 1001);
});

t.test('changes are kept, and rows that were not touched are not written again', async (t) => {
  const documents = new StoredDocuments();
  const cells = Array.from({ length: 1000 }, (_, index) => ['x', index]);
  await open(documents).create('t', COLUMNS, cells);
  const written: string[] = [];
  const tables = open(documents, (operation, key) => {
    if (operation === 'put' || operation === 'putMany') written.push(key.split('/')[0] ?? '');
  });
  await tables.change('t', (table) => ({
    rows: table.rows.map((row) => (row.id === 500 ? { id: 500, cells: ['changed', null] } : row)),
    result: null,
  }));
  t.strictSame(written, ['rows', 'head']);
  const { rows } = await open(documents).read('t');
  t.strictSame(rows[499], { id: 500, cells: ['changed', null] });
  t.equal(rows.length, 1000);
  t.equal(documents.keys('rows/').length, 8, 'the replaced chunk is gone');
});

t.test('a change that changes nothing writes nothing', async (t) => {
  const documents = new StoredDocuments();
  await open(documents).create('t', COLUMNS, [['a', 1]]);
  const before = new Map(documents.documents);
  const { result } = await open(documents).change('t', (table) => ({
    rows: [...table.rows],
    result: 'same',
  }));
  t.equal(result, 'same');
  t.strictSame(documents.documents, before);
});

t.test('a column added later fills older rows without writing them', async (t) => {
  const documents = new StoredDocuments();
  await open(documents).create('t', COLUMNS, [
    ['a', 1],
    ['b', 2],
  ]);
  const chunk = documents.keys('rows/');
  const late = column('late', 'number', { default: 7, fill: 7 });
  await open(documents).change('t', (table) => ({
    columns: [...table.head.columns, late],
    result: null,
  }));
  t.strictSame(documents.keys('rows/'), chunk);
  await open(documents).change('t', (table) => append(table, ['c', 3, null]));
  t.strictSame(cellsOf(await open(documents).read('t')), [
    ['a', 1, 7],
    ['b', 2, 7],
    ['c', 3, null],
  ]);
});

function signal(): { readonly fired: Promise<void>; fire(): void } {
  let fire: () => void = () => undefined;
  const fired = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { fired, fire };
}

/** All sessions' operations interleave as the scheduler says; each session has a cache of its own. */
function scheduled(scheduler: fc.Scheduler, documents: StoredDocuments): TableStorage {
  return open(documents, (operation, key) =>
    scheduler.schedule(Promise.resolve(), `${operation} ${key}`),
  );
}

t.test(
  'no change of concurrent sessions is lost or done twice, whatever the interleaving',
  async (t) => {
    const sessions = fc.array(
      fc.array(fc.constantFrom('insert', 'increment', 'delete'), { minLength: 1, maxLength: 3 }),
      {
        minLength: 2,
        maxLength: 4,
      },
    );
    await holdsAsync(
      t,
      fc.asyncProperty(fc.scheduler(), sessions, async (scheduler, plans) => {
        const documents = new StoredDocuments();
        await open(documents).create('t', COLUMNS, [['counter', 0]]);
        let deleted = 0;
        const runs = plans.map(async (plan, session) => {
          const tables = scheduled(scheduler, documents);
          for (const [step, kind] of plan.entries()) {
            if (kind === 'insert')
              await tables.change('t', (table) => append(table, [`${session}.${step}`, null]));
            else if (kind === 'increment') {
              await tables.change('t', (table) => ({
                rows: table.rows.map((row) =>
                  row.id === 1 ? { id: 1, cells: ['counter', Number(row.cells[1]) + 1] } : row,
                ),
                result: null,
              }));
            } else {
              const { result } = await tables.change('t', (table) => {
                const last = table.rows.at(-1);
                if (last === undefined || last.id === 1) return { result: 0 };
                return { rows: table.rows.slice(0, -1), result: 1 };
              });
              deleted += result;
            }
          }
        });
        const done = Promise.all(runs);
        await scheduler.waitFor(done);
        const { head, rows } = await open(documents).read('t');
        const steps = plans.flat();
        const count = (kind: string): number => steps.filter((step) => step === kind).length;
        assert.equal(rows[0]?.cells[1], count('increment'));
        assert.equal(rows.length, 1 + count('insert') - deleted);
        assert.equal(head.nextRow, 2 + count('insert'));
        assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
        // Losers removed their chunks, winners the ones they replaced.
        assert.equal(documents.keys('rows/').length, head.chunks.length);
      }),
      { numRuns: 150 },
    );
  },
);

t.test(
  'a reader sees the table before or after a change, never in between, whatever the interleaving',
  async (t) => {
    await holdsAsync(
      t,
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const documents = new StoredDocuments();
        const cells = Array.from({ length: 700 }, () => ['x', 0]);
        await open(documents).create('t', COLUMNS, cells);
        const writer = scheduled(scheduler, documents);
        const write = async (): Promise<void> => {
          for (const value of [1, 2]) {
            await writer.change('t', (table) => ({
              rows: table.rows.map(({ id }) => ({ id, cells: ['x', value] })),
              result: null,
            }));
          }
        };
        const read = async (): Promise<void> => {
          const table = await scheduled(scheduler, documents).read('t');
          assert.equal(table.rows.length, 700);
          assert.equal(new Set(table.rows.map((row) => row.cells[1])).size, 1);
        };
        await scheduler.waitFor(Promise.all([write(), read(), read()]));
      }),
      { numRuns: 50 },
    );
  },
);

t.test(
  'a change races with drop and recreate: it lands in the old table, the new one, or is refused',
  async (t) => {
    await holdsAsync(
      t,
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const documents = new StoredDocuments();
        await open(documents).create('t', COLUMNS, [['old', 1]]);
        const dropper = scheduled(scheduler, documents);
        const recreate = async (): Promise<void> => {
          await dropper.drop('t');
          await dropper.create('t', [column('other', 'text')], [['new']]);
        };
        const insert = async (): Promise<string> => {
          try {
            const tables = scheduled(scheduler, documents);
            const { result } = await tables.change('t', (table) => {
              const name = table.head.columns[0]?.name ?? '';
              return {
                ...append(
                  table,
                  table.head.columns.map(() => null),
                ),
                result: name,
              };
            });
            return result;
          } catch (error) {
            assert.match(String(error), /No table "t"/);
            return 'refused';
          }
        };
        const [, landed] = await scheduler.waitFor(Promise.all([recreate(), insert()]));
        const { head, rows } = await open(documents).read('t');
        assert.deepEqual(
          head.columns.map(({ name }) => name),
          ['other'],
        );
        assert.equal(rows.length, landed === 'other' ? 2 : 1);
        assert.equal(documents.keys('head/').length, 1);
      }),
      { numRuns: 150 },
    );
  },
);

t.test(
  'a crash after any write leaves the table as before or as after, and later changes clean up',
  async (t) => {
    const cells = Array.from({ length: 300 }, (_, index) => ['x', index]);
    const crash = new Error('crashed');
    let crashes = 0;
    for (let survives = 0; ; survives += 1) {
      const documents = new StoredDocuments();
      await open(documents).create('t', COLUMNS, cells);
      let writes = 0;
      const dying = open(documents, (operation) => {
        if (operation === 'get' || operation === 'list' || operation === 'count') return;
        if (writes === survives) throw crash;
        writes += 1;
      });
      const change = dying.change('t', (table) => ({
        rows: table.rows.map(({ id, cells: [who] }) => ({ id, cells: [who ?? null, -1] })),
        result: null,
      }));
      const outcome = await change.then(
        () => 'done',
        (error: unknown) => error,
      );
      const values = new Set(
        cellsOf(await open(documents).read('t')).map((row) => Number(row[1]) === -1),
      );
      t.equal(values.size, 1, `all or nothing after ${survives} writes`);
      if (outcome === crash)
        t.strictSame([...values], [false], 'an error means nothing was changed');
      else t.strictSame([...values], [true], 'trouble while tidying up is no failure');
      // Enough changes for a sweep to come by.
      const tables = open(documents);
      for (let round = 0; round < 64; round += 1) {
        await tables.change('t', (table) => ({ columns: table.head.columns, result: null }));
      }
      const { head } = await tables.read('t');
      t.equal(documents.keys('rows/').length, head.chunks.length, 'no garbage is left');
      if (writes < survives) break;
      crashes += 1;
    }
    t.ok(crashes >= 5, `${crashes} places to crash`);
  },
);

t.test('a sweep spares the chunks of a change under way', async (t) => {
  const documents = new StoredDocuments();
  await open(documents).create('t', COLUMNS, [['a', 1]]);
  const touch = (tables: TableStorage): Promise<unknown> =>
    tables.change('t', (table) => ({ columns: table.head.columns, result: null }));
  const tables = open(documents);
  for (let version = 2; version < 64; version += 1) await touch(tables);
  const written = signal();
  const swept = signal();
  const slow = open(documents, async (operation, key) => {
    if (operation !== 'put' || !key.startsWith('head/')) return;
    written.fire();
    await swept.fired;
  });
  let change: Promise<unknown> | undefined;
  // When version 64 is committed and its sweep begins, another change has written its chunks already.
  const sweeper = open(documents, async (operation) => {
    if (operation !== 'count') return;
    change = slow.change('t', (table) => append(table, ['b', 2]));
    await written.fired;
  });
  await touch(sweeper);
  swept.fire();
  t.ok(change, 'the sweep took place');
  await change;
  t.strictSame(cellsOf(await open(documents).read('t')), [
    ['a', 1],
    ['b', 2],
  ]);
});

t.test('a create that fails leaves no table', async (t) => {
  const documents = new StoredDocuments();
  for (const kind of ['put', 'putMany'] as const) {
    const tables = open(documents, (operation) => {
      if (operation === kind) throw new Error('storage away');
    });
    await t.rejects(tables.create('t', COLUMNS, [['a', 1]]), { message: 'storage away' });
    t.strictSame(await open(documents).heads(), []);
  }
});

t.test(
  'a table that others never stop changing is given up on, and nothing is left behind',
  async (t) => {
    const documents = new StoredDocuments();
    await open(documents).create('t', COLUMNS, [['a', 1]]);
    const other = open(documents);
    let tries = 0;
    const tables = open(documents, async (operation, key) => {
      if (operation !== 'put' || !key.startsWith('head/')) return;
      tries += 1;
      await other.change('t', (table) => ({ columns: table.head.columns, result: null }));
    });
    await t.rejects(
      tables.change('t', (table) => append(table, ['b', 2])),
      { name: 'ToolProblem', message: /Nothing was done by this call; try again/ },
    );
    t.equal(tries, 20);
    t.strictSame(cellsOf(await other.read('t')), [['a', 1]]);
    t.equal(documents.keys('rows/').length, 1);
  },
);

t.test('a table that changes faster than it can be read is given up on', async (t) => {
  const documents = new StoredDocuments();
  await open(documents).create('t', COLUMNS, [['a', 0]]);
  const other = open(documents);
  const tables = open(documents, async (operation, key) => {
    if (operation !== 'get' || !key.startsWith('rows/')) return;
    await other.change('t', (table) => ({
      rows: table.rows.map(({ id, cells }) => ({ id, cells: [null, Number(cells[1]) + 1] })),
      result: null,
    }));
  });
  await t.rejects(tables.read('t'), { message: /changes faster than it can be read/ });
});

t.test('a listed table whose head is missing is not read for ever', async (t) => {
  const documents = new StoredDocuments();
  const head = await open(documents).create('t', COLUMNS, []);
  documents.documents.delete(`head/${head.id}`);
  await t.rejects(open(documents).read('t'), { message: /is being dropped or created/ });
  t.strictSame(await open(documents).heads(), []);
});

t.test('a table is bounded in rows and in bytes', async (t) => {
  const tables = open(new StoredDocuments());
  const wide = 'x'.repeat(60_000);
  await tables.create(
    't',
    COLUMNS,
    Array.from({ length: 279 }, () => [wide, 1]),
  );
  await t.rejects(
    tables.change('t', (table) => append(table, [wide, 2])),
    { message: /^Nothing was written: .* the most is 16777216/ },
  );
  const many = Array.from({ length: 10_001 }, () => [null, null]);
  await t.rejects(tables.create('many', COLUMNS, many), { message: /the most is 10000/ });
  t.strictSame(
    (await tables.heads()).map(({ name }) => name),
    ['t'],
  );
});

t.test(
  'taking rows away always works, even where the rest grows by being written out',
  async (t) => {
    const tables = open(new StoredDocuments());
    const cells = Array.from({ length: 10_000 }, () => ['x'.repeat(1_663), 1]);
    const { chunks } = await tables.create('t', COLUMNS, cells);
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
    const late = column('late', 'text', { fill: 'x'.repeat(1_000) });
    await tables.change('t', ({ head }) => ({ columns: [...head.columns, late], result: null }));
    const { head } = await tables.change('t', ({ rows }) => ({
      rows: rows.slice(1),
      result: null,
    }));
    t.equal(rowCountOf(head), 9_999);
    t.ok(head.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0) > bytes);
    await t.rejects(
      tables.change('t', (table) => append(table, ['x', 1, 'x'])),
      { message: /the most is 16777216/ },
    );
  },
);

t.test('an aborted call writes nothing', async (t) => {
  const documents = new StoredDocuments();
  await open(documents).create('t', COLUMNS, [['a', 1]]);
  const before = new Map(documents.documents);
  const abort = new AbortController();
  const tables = new TableStorage(
    callContext(documents.open(), { signal: abort.signal }),
    new ChunkCache(),
  );
  const change = tables.change('t', (table) => {
    abort.abort(new Error('client left'));
    return append(table, ['b', 2]);
  });
  await t.rejects(change, { message: 'client left' });
  t.strictSame(documents.documents, before);
});

t.test('heads come by name', async (t) => {
  const tables = open(new StoredDocuments());
  for (const name of ['b', 'A', 'c']) await tables.create(name, COLUMNS, []);
  t.strictSame(
    (await tables.heads()).map(({ name }) => name),
    ['A', 'b', 'c'],
  );
});
