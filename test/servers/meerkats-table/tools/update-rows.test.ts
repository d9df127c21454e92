import t from 'tap';
import { openClient, type ModuleClient } from '../support/module-client.js';

async function withRows(): Promise<ModuleClient> {
  const client = await openClient();
  await client.ok('create_table', {
    table: 'x',
    columns: [
      { name: 'mail', type: 'text', required: true, unique: true },
      { name: 'n', type: 'number' },
    ],
  });
  await client.ok('insert_rows', {
    table: 'x',
    rows: [
      { mail: 'a', n: 1 },
      { mail: 'b', n: 2 },
      { mail: 'c', n: 3 },
    ],
  });
  return client;
}

t.test('matching rows get the new values, the others keep theirs', async (t) => {
  const client = await withRows();
  const filter = { column: 'n', op: 'gte', value: 2 };
  t.strictSame(await client.ok('update_rows', { table: 'x', filter, set: { N: null } }), {
    updated: 2,
  });
  t.strictSame(
    (await client.rows('x')).map((row) => row['n']),
    [1, null, null],
  );
  t.strictSame(await client.ok('update_rows', { table: 'x', all: true, set: { n: 9 } }), {
    updated: 3,
  });
  t.strictSame(
    await client.ok('update_rows', {
      table: 'x',
      filter: { column: 'n', op: 'lt', value: 0 },
      set: { n: 1 },
    }),
    { updated: 0 },
  );
});

t.test('an update that breaks a rule changes nothing', async (t) => {
  const client = await withRows();
  const before = await client.rows('x');
  const cases: [Record<string, unknown>, RegExp][] = [
    [
      { all: true, set: { mail: 'same' } },
      /"mail" is unique, but "same" would be in _row 1 and _row 2/,
    ],
    [
      { filter: { column: '_row', op: 'eq', value: 1 }, set: { mail: 'b' } },
      /"b" would be in _row 1 and _row 2/,
    ],
    [{ all: true, set: { mail: null } }, /required and cannot be set to null/],
    [{ all: true, set: { n: 'x' } }, /column "n": expected a number/],
    [{ all: true, set: {} }, /names no column/],
    [{ all: true }, /got nothing/],
    [{ set: { n: 1 } }, /Give either a "filter", or "all": true/],
  ];
  for (const [args, text] of cases)
    t.match(await client.problem('update_rows', { table: 'x', ...args }), text);
  t.strictSame(await client.rows('x'), before);
});

t.test('a unique value may stay where it is', async (t) => {
  const client = await withRows();
  const filter = { column: 'mail', op: 'eq', value: 'a' };
  t.strictSame(await client.ok('update_rows', { table: 'x', filter, set: { mail: 'a' } }), {
    updated: 1,
  });
});
