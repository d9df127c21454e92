import t from 'tap';
import { openClient, type ModuleClient } from '../support/module-client.js';

async function withTable(): Promise<ModuleClient> {
  const client = await openClient();
  await client.ok('create_table', {
    table: 'x',
    columns: [
      { name: 'mail', type: 'text', required: true, unique: true },
      { name: 'n', type: 'number', default: 0 },
    ],
  });
  return client;
}

t.test('rows are numbered in order, and the outcome says which numbers they got', async (t) => {
  const client = await withTable();
  const first = await client.ok('insert_rows', {
    table: 'x',
    rows: [{ mail: 'a' }, { mail: 'b', n: 5 }],
  });
  t.strictSame(first, { inserted: 2, first_row: 1, last_row: 2, row_count: 2 });
  await client.ok('delete_rows', { table: 'x', all: true });
  const second = await client.ok('insert_rows', { table: 'x', rows: [{ mail: 'a', n: null }] });
  t.strictSame(second, { inserted: 1, first_row: 3, last_row: 3, row_count: 1 });
  t.strictSame(await client.rows('x'), [{ _row: 3, mail: 'a', n: null }]);
});

t.test('one wrong row keeps all rows out', async (t) => {
  const client = await withTable();
  const rows = [{ mail: 'a' }, { mail: 'b', n: 'five' }];
  t.match(
    await client.problem('insert_rows', { table: 'x', rows }),
    /row 2: column "n": expected a number, got "five"/,
  );
  t.match(
    await client.problem('insert_rows', { table: 'x', rows: [{ mail: 'a' }, { mail: 'a' }] }),
    /"mail" is unique/,
  );
  t.strictSame(await client.rows('x'), []);
});

t.test('a batch holds a thousand rows', async (t) => {
  const client = await withTable();
  const rows = Array.from({ length: 1001 }, (_, index) => ({ mail: `m${index}` }));
  t.match(
    await client.problem('insert_rows', { table: 'x', rows }),
    /holds 1001 items; the most is 1000/,
  );
  t.match(await client.ok('insert_rows', { table: 'x', rows: rows.slice(1) }), {
    inserted: 1000,
    row_count: 1000,
  });
});

t.test('concurrent inserts of one value into a unique column: one gets in', async (t) => {
  const client = await withTable();
  const results = await Promise.all(
    Array.from({ length: 10 }, () =>
      client.call('insert_rows', { table: 'x', rows: [{ mail: 'same' }] }),
    ),
  );
  t.equal(results.filter((result) => result.isError !== true).length, 1);
  t.equal((await client.rows('x')).length, 1);
});

t.test(
  'concurrent inserts of different values all get in, each under a number of its own',
  async (t) => {
    const client = await withTable();
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        client.ok('insert_rows', { table: 'x', rows: [{ mail: `m${index}` }] }),
      ),
    );
    const rows = await client.rows('x');
    t.strictSame(
      rows.map((row) => row['_row']),
      Array.from({ length: 10 }, (_, index) => index + 1),
    );
  },
);
