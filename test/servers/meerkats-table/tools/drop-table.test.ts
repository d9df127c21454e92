import t from 'tap';
import { StoredDocuments } from '../support/memory-storage.js';
import { openClient } from '../support/module-client.js';

t.test('a dropped table is gone with its rows, and its name is free', async (t) => {
  const documents = new StoredDocuments();
  const client = await openClient(documents.open());
  await client.ok('import_csv', { table: 'x', csv: 'a\n1\n2\n', create: true });
  t.strictSame(await client.ok('drop_table', { table: 'X' }), { dropped: 'x', rows_removed: 2 });
  t.match(await client.problem('query_rows', { table: 'x' }), /No table "x"/);
  t.match(await client.problem('drop_table', { table: 'x' }), /No table "x"/);
  t.strictSame(documents.keys(), ['catalog']);
  await client.ok('import_csv', { table: 'x', csv: 'b\n1\n', create: true });
  t.strictSame(await client.rows('x'), [{ _row: 1, b: 1 }]);
});
