import t from 'tap';
import { openClient, type ModuleClient } from '../support/module-client.js';

async function withRows(): Promise<ModuleClient> {
  const client = await openClient();
  await client.ok('import_csv', { table: 'x', csv: 'a\n1\n2\n', create: true });
  return client;
}

t.test('older rows hold the default, or null without one', async (t) => {
  const client = await withRows();
  await client.ok('add_column', {
    table: 'x',
    column: { name: 'b', type: 'text', default: 'new', required: true },
  });
  const described = await client.ok('add_column', {
    table: 'x',
    column: { name: 'c', type: 'date', unique: true },
  });
  t.match(described, { columns: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] });
  await client.ok('insert_rows', { table: 'x', rows: [{ a: 3, b: 'given' }] });
  t.strictSame(await client.rows('x', { columns: ['a', 'b', 'c'] }), [
    { a: 1, b: 'new', c: null },
    { a: 2, b: 'new', c: null },
    { a: 3, b: 'given', c: null },
  ]);
});

t.test('a filled column can be filtered, sorted and updated in older rows', async (t) => {
  const client = await withRows();
  await client.ok('add_column', { table: 'x', column: { name: 'b', type: 'number', default: 5 } });
  await client.ok('update_rows', {
    table: 'x',
    filter: { column: 'a', op: 'eq', value: 1 },
    set: { b: 6 },
  });
  t.strictSame(
    await client.rows('x', { sort: [{ column: 'b', direction: 'desc' }], columns: ['a', 'b'] }),
    [
      { a: 1, b: 6 },
      { a: 2, b: 5 },
    ],
  );
});

t.test('a column that older rows could not satisfy is refused', async (t) => {
  const client = await withRows();
  const problem = (column: unknown): Promise<string> =>
    client.problem('add_column', { table: 'x', column });
  t.match(
    await problem({ name: 'b', type: 'text', required: true }),
    /the table has 2 rows without it: give a default/,
  );
  t.match(
    await problem({ name: 'b', type: 'text', unique: true, default: 'x' }),
    /would be in all 2 rows/,
  );
  t.match(await problem({ name: 'A', type: 'text' }), /clashes with "a"/);
  t.match(await problem(undefined), /A column is an object/);
});

t.test('a fill that would burst the table is refused', async (t) => {
  const client = await openClient();
  const csv = `a\n${'1\n'.repeat(10_000)}`;
  await client.ok('import_csv', { table: 'x', csv, create: true });
  const fat = (name: string): unknown => ({ name, type: 'text', default: 'x'.repeat(1000) });
  await client.ok('add_column', { table: 'x', column: fat('b') });
  t.match(
    await client.problem('add_column', { table: 'x', column: fat('c') }),
    /would hold \d+ bytes; the most is 16777216/,
  );
});
