import t from 'tap';
import { openClient } from '../support/module-client.js';

t.test('a new table is made from the CSV, and says what it became', async (t) => {
  const client = await openClient();
  const csv = 'First name,joined,zip,tags\nAda,2026-01-01,01234,[1]\nBob,,99999,\n';
  t.match(await client.ok('import_csv', { table: 'people', csv, create: true }), {
    inserted: 2,
    first_row: 1,
    last_row: 2,
    row_count: 2,
    columns: [
      { name: 'First_name', type: 'text' },
      { name: 'joined', type: 'date' },
      { name: 'zip', type: 'text' },
      { name: 'tags', type: 'json' },
    ],
  });
  t.strictSame((await client.rows('people'))[1], {
    _row: 2,
    First_name: 'Bob',
    joined: null,
    zip: '99999',
    tags: null,
  });
  // The same headers find the same columns.
  t.match(await client.ok('import_csv', { table: 'people', csv }), { inserted: 2, row_count: 4 });
});

t.test('an import is all or nothing, also when the table is new', async (t) => {
  const client = await openClient();
  t.match(
    await client.problem('import_csv', { table: 'new', csv: 'a,b\n1\n', create: true }),
    /row 1 \(line 2\): 1 fields/,
  );
  t.strictSame(await client.ok('list_tables'), { tables: [] });
  await client.ok('create_table', {
    table: 'x',
    columns: [{ name: 'n', type: 'number', unique: true }],
  });
  t.match(
    await client.problem('import_csv', { table: 'x', csv: 'n\n1\n2\nx\n' }),
    /row 3 \(line 4\): column "n": expected a number/,
  );
  t.match(
    await client.problem('import_csv', { table: 'x', csv: 'n\n1\n2\n1\n' }),
    /1 would be in row 1 \(line 2\) and row 3 \(line 4\)/,
  );
  t.strictSame(await client.rows('x'), []);
});

t.test('create is refused where the table exists, and needed where it does not', async (t) => {
  const client = await openClient();
  t.match(
    await client.problem('import_csv', { table: 'x', csv: 'n\n1\n' }),
    /Use create_table or import_csv/,
  );
  t.match(await client.ok('import_csv', { table: 'x', csv: 'n\n', create: true }), {
    inserted: 0,
    row_count: 0,
  });
  t.match(
    await client.problem('import_csv', { table: 'x', csv: 'n\n1\n', create: true }),
    /There is a table "x" already/,
  );
});

t.test('other delimiters are read on request', async (t) => {
  const client = await openClient();
  await client.ok('import_csv', {
    table: 'x',
    csv: 'a;b\n"1;2";3\n',
    delimiter: ';',
    create: true,
  });
  t.strictSame(await client.rows('x'), [{ _row: 1, a: '1;2', b: 3 }]);
  t.match(
    await client.problem('import_csv', { table: 'x', csv: 'a\n', delimiter: '|' }),
    /"delimiter" is one of ",", ";", "\\t"/,
  );
});

t.test('ten thousand rows come in one import', async (t) => {
  const client = await openClient();
  const csv = `n,s\n${Array.from({ length: 10_000 }, (_, index) => `${index},row ${index}`).join('\n')}`;
  t.match(await client.ok('import_csv', { table: 'x', csv, create: true }), { inserted: 10_000 });
  t.match(await client.problem('import_csv', { table: 'x', csv: 'n\n1\n' }), /would exceed 10000/);
  const page = await client.ok('query_rows', {
    table: 'x',
    aggregates: [{ fn: 'sum', column: 'n' }],
  });
  t.strictSame(page['rows'], [{ sum_n: 49_995_000 }]);
});
