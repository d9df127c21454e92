import t from 'tap';
import { openClient } from '../support/module-client.js';

t.test('one table is described; an unknown one is refused with the nearest name', async (t) => {
  const client = await openClient();
  await client.ok('import_csv', { table: 'people', csv: 'name\nAda\n', create: true });
  t.match(await client.ok('describe_table', { table: 'PEOPLE' }), { name: 'people', row_count: 1 });
  t.match(await client.problem('describe_table', { table: 'peeple' }), /Did you mean "people"\?/);
  t.match(await client.problem('describe_table'), /Argument "table" is missing/);
});
