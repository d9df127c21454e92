import t from 'tap';
import { openClient, type ModuleClient } from '../support/module-client.js';

async function withRows(): Promise<ModuleClient> {
  const client = await openClient();
  await client.ok('import_csv', { table: 'x', csv: 'n\n1\n2\n3\n', create: true });
  return client;
}

t.test('matching rows go, the others keep their numbers', async (t) => {
  const client = await withRows();
  const filter = { column: 'n', op: 'eq', value: 2 };
  t.strictSame(await client.ok('delete_rows', { table: 'x', filter }), {
    deleted: 1,
    row_count: 2,
  });
  t.strictSame(await client.ok('delete_rows', { table: 'x', filter }), {
    deleted: 0,
    row_count: 2,
  });
  t.strictSame(await client.rows('x'), [
    { _row: 1, n: 1 },
    { _row: 3, n: 3 },
  ]);
  t.strictSame(await client.ok('delete_rows', { table: 'x', all: true }), {
    deleted: 2,
    row_count: 0,
  });
  t.strictSame(await client.rows('x'), []);
});

t.test('without a filter nothing goes, nor with a mistyped one', async (t) => {
  const client = await withRows();
  t.match(
    await client.problem('delete_rows', { table: 'x' }),
    /Give either a "filter", or "all": true/,
  );
  t.match(
    await client.problem('delete_rows', { table: 'x', filter: {} }),
    /Cannot read the filter/,
  );
  t.match(
    await client.problem('delete_rows', {
      table: 'x',
      fliter: { column: 'n', op: 'eq', value: 1 },
    }),
    /Did you mean "filter"\?/,
  );
  t.equal((await client.rows('x')).length, 3);
});
