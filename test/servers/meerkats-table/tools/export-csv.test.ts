import t from 'tap';
import { openClient, type ModuleClient } from '../support/module-client.js';

async function withRows(): Promise<ModuleClient> {
  const client = await openClient();
  await client.ok('import_csv', { table: 'x', csv: 'n,s\n3,"c,d"\n1,=a\n2,""\n', create: true });
  return client;
}

t.test('rows come as CSV, chosen and ordered as asked', async (t) => {
  const client = await withRows();
  t.equal(await client.text('export_csv', { table: 'x' }), 'n,s\r\n3,"c,d"\r\n1,=a\r\n2,""\r\n');
  const asked = {
    table: 'x',
    filter: { column: 'n', op: 'lte', value: 3 },
    sort: [{ column: 'n' }],
    columns: ['s', '_row'],
    offset: 1,
    limit: 1,
    delimiter: ';',
  };
  t.equal(await client.text('export_csv', asked), 's;_row\r\n"";3\r\n');
  t.equal(
    await client.text('export_csv', { table: 'x', limit: 2, spreadsheet_safe: true }),
    'n,s\r\n3,"c,d"\r\n1,\'=a\r\n',
  );
});

t.test('what was exported imports into a new table with the same rows', async (t) => {
  const client = await withRows();
  const csv = await client.text('export_csv', { table: 'x' });
  await client.ok('import_csv', { table: 'y', csv, create: true });
  t.strictSame(await client.rows('y'), await client.rows('x'));
});
