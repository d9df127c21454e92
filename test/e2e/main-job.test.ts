/**
 * The job: one gateway, four workers, a bundled module, two stdio servers, an HTTP server and a module
 * of the operator's own; clients of both SDK generations use all of them at once.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  everythingProgram,
  filesystemProgram,
  startEverythingHttp,
} from '../support/everything-server.js';
import { health } from '../support/gateway-health.js';
import { CLIENT_KINDS, connectClient } from '../support/mcp-clients.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';

t.setTimeout(180_000);

t.test('one endpoint serves many servers to clients of every generation', async (t) => {
  const shared = await mkdtemp(join(tmpdir(), 'multi-mcp-shared-'));
  t.teardown(() => rm(shared, { recursive: true, force: true }));
  await writeFile(join(shared, 'note.txt'), 'meerkats take turns on guard');

  const everything = await startEverythingHttp();
  t.teardown(() => everything.program.destroy());
  const gateway = await startGateway({
    config: {
      global: { workers: 4, maxConcurrentRequestsPerUser: 50 },
      servers: {
        'meerkats-table': {},
        everything: {
          command: process.execPath,
          args: [everythingProgram, 'stdio'],
          maxProcesses: 40,
        },
        files: {
          command: process.execPath,
          args: [filesystemProgram, shared],
          maxProcesses: 40,
        },
        'everything-http': { url: everything.url },
        own: { module: join(repository, 'test', 'support', 'echo-module.mjs') },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const otherKey = await gateway.makeKey('ben');

  for (const kind of CLIENT_KINDS) {
    await t.test(`a client ${kind} works with the bundled tables`, async (t) => {
      const client = await connectClient(kind, gateway.endpoint('meerkats-table'), key);
      const table = `guards_${kind.replaceAll('-', '_')}`;
      await client.callTool('create_table', {
        table,
        columns: [
          { name: 'name', type: 'text' },
          { name: 'hours', type: 'number' },
        ],
      });
      const rows = [
        { name: 'Flower', hours: 3 },
        { name: 'Zaphod', hours: 1 },
      ];
      const inserted = await client.callTool('insert_rows', { table, rows });
      t.equal((JSON.parse(inserted) as { inserted: number }).inserted, 2);
      t.match(
        await client.callTool('query_rows', {
          table,
          aggregates: [{ fn: 'sum', column: 'hours' }],
        }),
        /"sum_hours": ?4/,
      );
      await client.close();

      const stranger = await connectClient(kind, gateway.endpoint('meerkats-table'), otherKey);
      t.notMatch(await stranger.callTool('list_tables'), table, "another user's tables are hers");
      await stranger.close();
    });

    for (const server of ['everything', 'everything-http']) {
      await t.test(`a client ${kind} works with ${server}`, async (t) => {
        const client = await connectClient(kind, gateway.endpoint(server), key);
        t.ok((await client.listTools()).includes('get-sum'));
        t.equal(await client.callTool('get-sum', { a: 19, b: 23 }), 'The sum of 19 and 23 is 42.');
        t.equal(await client.callTool('echo', { message: 'héllo ✓' }), 'Echo: héllo ✓');

        const [firstUri = ''] = await client.listResources();
        t.match(firstUri, /^demo:\/\/resource\/static\//);
        t.match(await client.readResource(firstUri), /\w+/);

        t.ok((await client.listPrompts()).includes('args-prompt'));
        t.equal(
          await client.getPrompt('args-prompt', { city: 'Kalahari' }),
          "What's weather in Kalahari?",
        );
        await t.rejects(client.readResource('demo://no/such/thing'));
        await client.close();
      });
    }

    await t.test(`a client ${kind} reads a file through a stdio server`, async (t) => {
      const client = await connectClient(kind, gateway.endpoint('files'), key);
      const path = join(shared, 'note.txt');
      t.equal(await client.callTool('read_text_file', { path }), 'meerkats take turns on guard');
      t.match(
        await client.callTool('read_text_file', { path: '/etc/passwd' }),
        /denied/i,
        "the server's own refusal reaches the client as it is",
      );
      await client.close();
    });

    await t.test(`a client ${kind} calls the operator's own module`, async (t) => {
      const client = await connectClient(kind, gateway.endpoint('own'), key);
      t.equal(
        await client.callTool('echo', { value: { nested: [1, 'two'] } }),
        '{"nested":[1,"two"]}',
      );
      await client.close();
    });
  }

  await t.test('thirty clients at once get their own answers, on every worker', async (t) => {
    const work = Array.from({ length: 30 }, async (_, i) => {
      const kind = CLIENT_KINDS[Math.floor(i / 3) % CLIENT_KINDS.length] ?? 'sdk-1';
      const server = ['everything', 'everything-http', 'own'][i % 3] ?? 'own';
      const client = await connectClient(kind, gateway.endpoint(server), key);
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, call) => {
          const mark = `client ${i} call ${call}`;
          return server === 'own'
            ? client.callTool('echo', { value: mark })
            : client.callTool('echo', { message: mark });
        }),
      );
      await client.close();
      return answers.map((answer) => answer.replace(/^Echo: /, '').replaceAll('"', ''));
    });
    t.strictSame(
      await Promise.all(work),
      Array.from({ length: 30 }, (_, i) =>
        Array.from({ length: 10 }, (_, call) => `client ${i} call ${call}`),
      ),
    );
    const { status, workers } = await health(gateway);
    t.equal(status, 'healthy');
    t.equal(
      workers.filter(({ state, restarts }) => state === 'running' && restarts === 0).length,
      4,
    );
  });
});
