import t from 'tap';
import { openClient } from '../support/module-client.js';

t.test('a created table is described and empty', async (t) => {
  const client = await openClient();
  const created = await client.ok('create_table', {
    table: 'People',
    columns: [
      { name: 'mail', type: 'text', required: true, unique: true },
      { name: 'tags', type: 'json', default: [] },
    ],
  });
  t.strictSame(created, {
    name: 'People',
    row_count: 0,
    size_bytes: 0,
    columns: [
      { name: 'mail', type: 'text', required: true, unique: true },
      { name: 'tags', type: 'json', required: false, unique: false, default: [] },
    ],
  });
  t.strictSame(await client.rows('people'), []);
});

t.test('a name that is taken, even in another letter case, is refused', async (t) => {
  const client = await openClient();
  const columns = [{ name: 'a', type: 'text' }];
  await client.ok('create_table', { table: 'People', columns });
  t.match(
    await client.problem('create_table', { table: 'people', columns }),
    /There is a table "People" already/,
  );
  t.match(
    await client.problem('create_table', { table: 'my table', columns }),
    /"my table" is no table name/,
  );
  t.match(await client.problem('create_table', { table: 'x', columns: [] }), /at least one column/);
  t.match(await client.problem('create_table', { table: 'x' }), /"columns" is a list/);
});
