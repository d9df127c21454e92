import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { runQuery, type QueryPage } from '../../../src/servers/meerkats-table/row-query.js';
import type { Row } from '../../../src/servers/meerkats-table/table-schema.js';
import type { Table } from '../../../src/servers/meerkats-table/table-storage.js';
import { ToolArguments } from '../../../src/servers/meerkats-table/tool-arguments.js';
import { EVERY_TYPE_ROWS } from './support/cell-arbitraries.js';
import { EVERY_TYPE, rowsOf } from './support/columns.js';
import { holdsAsync } from './support/holds.js';

const KNOWN = ['filter', 'columns', 'sort', 'limit', 'offset', 'cursor', 'aggregates', 'group_by'];

function tableOf(rows: readonly Row[], id = '1-t'): Table {
  return {
    head: { id, name: 't', columns: EVERY_TYPE, nextRow: rows.length + 1, chunks: [] },
    rows,
  };
}

function query(table: Table, args: Record<string, unknown> = {}): Promise<QueryPage> {
  return runQuery(table, new ToolArguments(args, KNOWN), new AbortController().signal);
}

const QUERY = fc.record(
  {
    sort: fc.array(
      fc.record({
        column: fc.constantFrom('t', 'n', 'b', 'd'),
        direction: fc.constantFrom('asc', 'desc'),
      }),
      { maxLength: 3 },
    ),
    filter: fc.constantFrom(
      { column: 'b', op: 'eq', value: true },
      { column: 'n', op: 'gte', value: 0 },
      { not: { column: 't', op: 'is_null' } },
    ),
  },
  { requiredKeys: [] },
);

t.test(
  'pages by cursor cover each row exactly once and in order, whatever the sort and the page size',
  async (t) => {
    await holdsAsync(
      t,
      fc.asyncProperty(
        EVERY_TYPE_ROWS,
        QUERY,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        async (rows, wanted, limits) => {
          const table = tableOf(rows);
          const whole = await query(table, { ...wanted, limit: 1000 });
          const paged: unknown[] = [];
          let cursor: string | undefined;
          for (let page = 0; page <= rows.length; page += 1) {
            const limit = limits[page % limits.length];
            const part: QueryPage = await query(table, {
              ...wanted,
              limit,
              ...(cursor === undefined ? {} : { cursor }),
            });
            assert.equal(part.total, whole.total);
            paged.push(...part.rows);
            cursor = part.nextCursor;
            if (cursor === undefined) break;
          }
          assert.equal(cursor, undefined);
          assert.deepEqual(paged, whole.rows);
          assert.equal(whole.rows.length, whole.total);
        },
      ),
    );
  },
);

t.test('pages by offset cover the same rows', async (t) => {
  await holdsAsync(
    t,
    fc.asyncProperty(
      EVERY_TYPE_ROWS,
      QUERY,
      fc.integer({ min: 1, max: 7 }),
      async (rows, wanted, limit) => {
        const table = tableOf(rows);
        const whole = await query(table, { ...wanted, limit: 1000 });
        const paged: unknown[] = [];
        for (let offset = 0; offset < whole.total; offset += limit) {
          paged.push(...(await query(table, { ...wanted, limit, offset })).rows);
        }
        assert.deepEqual(paged, whole.rows);
      },
    ),
  );
});

t.test('rows that go or come between two pages neither repeat nor hide the others', async (t) => {
  await holdsAsync(
    t,
    fc.asyncProperty(
      EVERY_TYPE_ROWS,
      QUERY,
      fc.integer({ min: 1, max: 5 }),
      fc.func(fc.boolean()),
      async (rows, wanted, limit, survives) => {
        const first = await query(tableOf(rows), { ...wanted, limit });
        if (first.nextCursor === undefined) return;
        const firstIds = new Set(first.rows.map((row) => row['_row']));
        // Some of all rows go, and new ones arrive that sort anywhere.
        const later = [
          ...rows.filter(({ id }) => survives(id)),
          ...rows.map((row) => ({ id: row.id + 1000, cells: row.cells })),
        ];
        const second = await query(tableOf(later), {
          ...wanted,
          limit: 1000,
          cursor: first.nextCursor,
        });
        const ids = second.rows.map((row) => Number(row['_row']));
        assert(!ids.some((id) => firstIds.has(id)));
        const all = await query(tableOf(rows), { ...wanted, limit: 1000 });
        const expected = all.rows
          .slice(limit)
          .map((row) => Number(row['_row']))
          .filter((id) => survives(id));
        assert.deepEqual(
          ids.filter((id) => id <= 1000),
          expected,
        );
      },
    ),
  );
});

t.test('by default all columns come, with the row number first, at most 100 rows', async (t) => {
  const table = tableOf(
    rowsOf(...Array.from({ length: 150 }, (_, index) => [`r${index}`, index, true, null, [1]])),
  );
  const page = await query(table);
  t.strictSame(page.columns, ['_row', 't', 'n', 'b', 'd', 'j']);
  t.strictSame(page.rows[0], { _row: 1, t: 'r0', n: 0, b: true, d: null, j: [1] });
  t.equal(page.rows.length, 100);
  t.equal(page.total, 150);
  t.equal(page.isCutShort, false);
});

t.test('a projection chooses and orders the columns', async (t) => {
  const page = await query(tableOf(rowsOf(['a', 1])), { columns: ['N', '_row'] });
  t.strictSame(page.columns, ['n', '_row']);
  t.strictSame(page.rows, [{ n: 1, _row: 1 }]);
});

t.test('aggregates sort by their own columns and page like rows', async (t) => {
  const table = tableOf(
    rowsOf(...Array.from({ length: 30 }, (_, index) => [`g${index % 7}`, index])),
  );
  const wanted = {
    group_by: ['t'],
    aggregates: [{ fn: 'sum', column: 'n', as: 'total' }],
    sort: [{ column: 'total', direction: 'desc' }],
  };
  const whole = await query(table, wanted);
  t.equal(whole.total, 7);
  t.strictSame(whole.columns, ['t', 'total']);
  t.strictSame(whole.rows[0], { t: 'g1', total: 1 + 8 + 15 + 22 + 29 });
  const first = await query(table, { ...wanted, limit: 4 });
  const second = await query(table, { ...wanted, limit: 4, cursor: first.nextCursor });
  t.strictSame([...first.rows, ...second.rows], whole.rows);
  t.equal(second.nextCursor, undefined);
});

t.test('a page ends at its bound of bytes, says so, and the cursor goes on', async (t) => {
  const table = tableOf(rowsOf(...Array.from({ length: 40 }, () => ['x'.repeat(60_000)])));
  const first = await query(table, { sort: [{ column: 't' }] });
  t.equal(first.rows.length, 17);
  t.equal(first.isCutShort, true);
  const seen = new Set(first.rows.map((row) => row['_row']));
  let cursor = first.nextCursor;
  while (cursor !== undefined) {
    const page: QueryPage = await query(table, { sort: [{ column: 't' }], cursor });
    for (const row of page.rows) seen.add(row['_row']);
    cursor = page.nextCursor;
  }
  t.equal(seen.size, 40);
});

t.test('a cursor goes with its query and its table only', async (t) => {
  const rows = rowsOf(['a', 1], ['b', 2]);
  const { nextCursor: cursor } = await query(tableOf(rows), { limit: 1, sort: [{ column: 't' }] });
  const other = { message: /belongs to another query/ };
  await t.rejects(query(tableOf(rows), { cursor, sort: [{ column: 'n' }] }), other);
  await t.rejects(query(tableOf(rows), { cursor }), other);
  await t.rejects(query(tableOf(rows, '2-t'), { cursor, sort: [{ column: 't' }] }), other);
  const page = await query(tableOf(rows), { cursor, sort: [{ column: 't' }], columns: ['t'] });
  t.strictSame(page.rows, [{ t: 'b' }]);
});

t.test('what is wrong with a query is said', async (t) => {
  const table = tableOf([]);
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ limit: 1001 }, /"limit" is a whole number from 1 to 1000/],
    [{ limit: 0 }, /"limit"/],
    [{ offset: -1 }, /"offset" is a whole number from 0/],
    [{ offset: 1, cursor: 'x' }, /"cursor" or "offset", not both/],
    [{ cursor: 'x' }, /no cursor of query_rows/],
    [{ columns: ['t'], group_by: ['t'] }, /Leave out "columns"/],
    [{ group_by: ['t'], sort: [{ column: 'n' }] }, /No column "n"\. .*Columns: t, count/],
  ];
  for (const [args, message] of cases) await t.rejects(query(table, args), { message });
});
