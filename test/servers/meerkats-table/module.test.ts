import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { compileCheck } from '../../../src/host/argument-check.js';
import { moduleStorage } from '../../../src/host/module-storage.js';
import { serveModule } from '../../../src/host/served-module.js';
import type { ToolResult } from '../../../src/servers/module-api.js';
import { openLibsqlStore } from '../../../src/store/libsql-store.js';
import { StoredDocuments } from './support/memory-storage.js';
import { callContext, ModuleClient, openClient, openModule } from './support/module-client.js';

t.test('the tools, and what each says about itself', async (t) => {
  const { tools = [] } = await openModule();
  const hints = tools.map(({ name, annotations: a }) => [
    name,
    a?.readOnlyHint,
    a?.destructiveHint,
    a?.idempotentHint,
    a?.openWorldHint,
  ]);
  t.strictSame(hints, [
    ['list_tables', true, false, true, false],
    ['create_table', false, false, false, false],
    ['describe_table', true, false, true, false],
    ['drop_table', false, true, true, false],
    ['add_column', false, false, false, false],
    ['insert_rows', false, false, false, false],
    ['update_rows', false, true, true, false],
    ['delete_rows', false, true, true, false],
    ['query_rows', true, false, true, false],
    ['import_csv', false, false, false, false],
    ['export_csv', true, false, true, false],
  ]);
});

/** Every tool once, with arguments that succeed. */
const WALK: readonly (readonly [string, Record<string, unknown>])[] = [
  [
    'create_table',
    {
      table: 'people',
      columns: [
        { name: 'mail', type: 'text', required: true, unique: true },
        { name: 'born', type: 'date' },
      ],
    },
  ],
  ['add_column', { table: 'people', column: { name: 'score', type: 'number', default: 1 } }],
  [
    'insert_rows',
    {
      table: 'people',
      rows: [
        { mail: 'a@x', born: '1815-12-10' },
        { mail: 'b@x', score: null },
      ],
    },
  ],
  [
    'update_rows',
    { table: 'people', filter: { column: 'mail', op: 'eq', value: 'b@x' }, set: { score: 5 } },
  ],
  ['list_tables', {}],
  ['describe_table', { table: 'people' }],
  ['query_rows', { table: 'people', sort: [{ column: 'score', direction: 'desc' }], limit: 1 }],
  ['query_rows', { table: 'people', aggregates: [{ fn: 'sum', column: 'score' }] }],
  ['export_csv', { table: 'people' }],
  ['import_csv', { table: 'people', csv: 'mail\nc@x\n' }],
  ['import_csv', { table: 'copy', csv: 'mail,n\nc@x,1\n', create: true }],
  ['delete_rows', { table: 'people', filter: { column: 'score', op: 'gt', value: 1 } }],
  ['drop_table', { table: 'copy' }],
];

t.test(
  'every tool takes what its input schema allows and returns what its output schema says',
  async (t) => {
    const client = await openClient();
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    const used = new Set<string>();
    for (const [name, args] of WALK) {
      const tool = client.module.tools?.find((candidate) => candidate.name === name);
      if (tool === undefined) throw new Error(`no tool ${name}`);
      t.ok(
        ajv.validate(compileCheck(tool.inputSchema).jsonSchema, args),
        `${name} ${ajv.errorsText()}`,
      );
      const result: ToolResult = await client.call(name, args);
      t.not(result.isError, true, `${name} ${JSON.stringify(result.content)}`);
      if (tool.outputSchema !== undefined) {
        t.ok(
          ajv.validate(tool.outputSchema, result.structuredContent),
          `${name} ${ajv.errorsText()}`,
        );
      }
      used.add(name);
    }
    t.equal(used.size, client.module.tools?.length);
  },
);

t.test('users of one module never see each other, though it has one cache', async (t) => {
  const module = await openModule();
  const storages = ['ada', 'bob'].map((user) => ({ user, storage: new StoredDocuments().open() }));
  const [ada, bob] = storages.map(
    ({ user, storage }) => new ModuleClient(module, callContext(storage, { user })),
  );
  if (ada === undefined || bob === undefined) throw new Error('two users');
  await ada.ok('import_csv', { table: 'diary', csv: 'entry\nsecret\n', create: true });
  t.strictSame((await bob.ok('list_tables'))['tables'], []);
  t.match(await bob.problem('query_rows', { table: 'diary' }), /you have no tables yet/);
  await bob.ok('import_csv', { table: 'diary', csv: 'entry\nmine\n', create: true });
  t.strictSame(await bob.rows('diary'), [{ _row: 1, entry: 'mine' }]);
  t.strictSame(await ada.rows('diary'), [{ _row: 1, entry: 'secret' }]);
});

t.test('a table outlives the module instance', async (t) => {
  const documents = new StoredDocuments();
  const before = await openClient(documents.open());
  await before.ok('import_csv', { table: 'x', csv: 'a\n1\n', create: true });
  const after = await openClient(documents.open());
  t.strictSame(await after.rows('x'), [{ _row: 1, a: 1 }]);
});

t.test('no call with awkward names touches a prototype', async (t) => {
  const client = await openClient();
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    await client.problem('create_table', { table: name, columns: [{ name: 'a', type: 'text' }] });
    await client.problem('create_table', { table: 't', columns: [{ name, type: 'text' }] });
    await client.problem('import_csv', { table: 't', csv: `${name}\n1\n`, create: true });
    await client.problem('query_rows', { table: name });
  }
  await client.ok('create_table', { table: 't', columns: [{ name: 'toString', type: 'json' }] });
  const row = JSON.parse('{"toString":{"__proto__":{"polluted":true}}}') as Record<string, unknown>;
  await client.ok('insert_rows', { table: 't', rows: [row] });
  t.equal(
    JSON.stringify(await client.rows('t')),
    '[{"_row":1,"toString":{"__proto__":{"polluted":true}}}]',
  );
  t.notOk('polluted' in {});
});

t.test('the gateway takes the module as it is', async (t) => {
  const served = serveModule(await openModule());
  t.equal(served.tools.size, 11);
  t.equal(served.prompts.size, 2);
  t.equal(served.templateList.length, 2);
});

t.test('two gateways on one embedded store lose no change', async (t) => {
  const path = join(t.testdir(), 'tables.db');
  const stores = [await openLibsqlStore({ path }), await openLibsqlStore({ path })];
  t.teardown(() => Promise.all(stores.map((store) => store.close())));
  const scope = { server: 'meerkats-table', user: 'ada' };
  const clients = await Promise.all(
    stores.map(({ documents }) => openClient(moduleStorage(documents, scope))),
  );
  const [first, second] = clients;
  if (first === undefined || second === undefined) throw new Error('two clients');
  await first.ok('create_table', {
    table: 'log',
    columns: [{ name: 'entry', type: 'text', unique: true }],
  });
  await Promise.all(
    clients.flatMap((client, index) =>
      Array.from({ length: 4 }, (_, entry) =>
        client.ok('insert_rows', { table: 'log', rows: [{ entry: `${index}.${entry}` }] }),
      ),
    ),
  );
  t.match(
    await second.problem('insert_rows', { table: 'log', rows: [{ entry: '0.0' }] }),
    /unique/,
  );
  const rows = await second.rows('log', { sort: [{ column: 'entry' }] });
  t.strictSame(
    rows.map((row) => row['entry']),
    ['0.0', '0.1', '0.2', '0.3', '1.0', '1.1', '1.2', '1.3'],
  );
  await first.ok('drop_table', { table: 'log' });
  t.strictSame(await second.ok('list_tables'), { tables: [] });
});
