import t from 'tap';
import { ChunkCache } from '../../../src/servers/meerkats-table/chunk-cache.js';
import { tableResources } from '../../../src/servers/meerkats-table/resources.js';
import { StoredDocuments } from './support/memory-storage.js';
import { callContext, openClient } from './support/module-client.js';

t.test('each table is two resources: its description and its rows', async (t) => {
  const client = await openClient();
  await client.ok('import_csv', {
    table: 'Cities',
    csv: 'name,size\nBern,1\nGenf,\n',
    create: true,
  });
  const { resources } = client.module;
  const listed = await resources?.list(client.context);
  t.strictSame(
    listed?.map(({ uri, mimeType }) => [uri, mimeType]),
    [
      ['table://Cities', 'application/json'],
      ['table://Cities/rows.csv', 'text/csv'],
    ],
  );
  const [described] = (await resources?.read('table://Cities', client.context)) ?? [];
  t.match(JSON.parse(described?.text ?? ''), { name: 'Cities', row_count: 2 });
  const rows = await resources?.read('table://cities/rows.csv', client.context);
  t.strictSame(rows, [
    {
      uri: 'table://cities/rows.csv',
      mimeType: 'text/csv',
      text: 'name,size\r\nBern,1\r\nGenf,\r\n',
    },
  ]);
});

t.test('the templates lead to what is listed', (t) => {
  const { templates } = tableResources(new ChunkCache());
  t.strictSame(
    templates?.map(({ uriTemplate }) => uriTemplate),
    ['table://{name}', 'table://{name}/rows.csv'],
  );
  t.end();
});

t.test('what is no table of this user does not exist', async (t) => {
  const client = await openClient();
  await client.ok('create_table', { table: 'mine', columns: [{ name: 'a', type: 'text' }] });
  const resources = tableResources(new ChunkCache());
  for (const uri of [
    'table://other',
    'table://mine/rows.json',
    'table://',
    'file:///etc/passwd',
    'table://mine/../x',
  ]) {
    t.equal(await resources.read(uri, client.context), null, uri);
  }
  const stranger = callContext(new StoredDocuments().open(), { user: 'bob' });
  t.equal(await resources.read('table://mine', stranger), null);
  t.strictSame(await resources.list(stranger), []);
});

t.test('rows past the bound are refused with a way out', async (t) => {
  const client = await openClient();
  await client.ok('create_table', { table: 'big', columns: [{ name: 'a', type: 'text' }] });
  const rows = Array.from({ length: 20 }, () => ({ a: 'x'.repeat(60_000) }));
  await client.ok('insert_rows', { table: 'big', rows });
  const { resources } = client.module;
  await t.rejects(Promise.resolve(resources?.read('table://big/rows.csv', client.context)), {
    message: /Use export_csv with "limit" and "offset"/,
  });
});
