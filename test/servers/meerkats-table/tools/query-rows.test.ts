import t from 'tap';
import { openClient } from '../support/module-client.js';

t.test('a page shows columns, rows and total; a cursor only while rows remain', async (t) => {
  const client = await openClient();
  await client.ok('import_csv', { table: 'x', csv: 'n,s\n3,c\n1,a\n2,b\n', create: true });
  const sort = [{ column: 'n' }];
  const first = await client.ok('query_rows', { table: 'x', sort, limit: 2, columns: ['s'] });
  t.match(first, { columns: ['s'], rows: [{ s: 'a' }, { s: 'b' }], total: 3, next_cursor: String });
  const cursor = first['next_cursor'];
  t.strictSame(
    await client.ok('query_rows', { table: 'x', sort, limit: 2, columns: ['s'], cursor }),
    {
      columns: ['s'],
      rows: [{ s: 'c' }],
      total: 3,
    },
  );
});

t.test('aggregates answer without rows', async (t) => {
  const client = await openClient();
  await client.ok('import_csv', { table: 'x', csv: 'n,s\n3,c\n1,a\n2,a\n', create: true });
  const page = await client.ok('query_rows', {
    table: 'x',
    group_by: ['s'],
    aggregates: [{ fn: 'count' }, { fn: 'max', column: 'n' }],
    filter: { column: 'n', op: 'lt', value: 3 },
  });
  t.strictSame(page, {
    columns: ['s', 'count', 'max_n'],
    rows: [{ s: 'a', count: 2, max_n: 2 }],
    total: 1,
  });
});

t.test('a page cut by its bound of bytes says so', async (t) => {
  const client = await openClient();
  await client.ok('create_table', { table: 'x', columns: [{ name: 's', type: 'text' }] });
  const rows = Array.from({ length: 20 }, () => ({ s: 'x'.repeat(60_000) }));
  await client.ok('insert_rows', { table: 'x', rows });
  t.match(await client.ok('query_rows', { table: 'x' }), { cut_short: true, next_cursor: String });
});
