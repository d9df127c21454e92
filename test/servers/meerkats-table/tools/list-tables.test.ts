import t from 'tap';
import { openClient } from '../support/module-client.js';

t.test('tables come by name, with columns and row counts', async (t) => {
  const client = await openClient();
  t.strictSame(await client.ok('list_tables'), { tables: [] });
  await client.ok('import_csv', { table: 'b', csv: 'x\n1\n2\n', create: true });
  await client.ok('import_csv', { table: 'A', csv: 'y\n', create: true });
  t.match(await client.ok('list_tables'), {
    tables: [
      { name: 'A', row_count: 0, columns: [{ name: 'y', type: 'text' }] },
      { name: 'b', row_count: 2, columns: [{ name: 'x', type: 'number' }] },
    ],
  });
});
