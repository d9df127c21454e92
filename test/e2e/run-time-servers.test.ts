/**
 * Servers come and go while the gateway runs: added over the admin socket they are served by every worker when
 * the command returns, survive reloads and restarts, arrive from elsewhere through the store, and touch nobody.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { SealedServers } from '../../src/admin/sealed-servers.js';
import { CredentialSeal } from '../../src/gateway/credential-seal.js';
import { deriveKey } from '../../src/kernel/derive-key.js';
import { openLibsqlStore } from '../../src/store/libsql-store.js';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { connectClient } from '../support/mcp-clients.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(280_000);

const stdioProgram = join(repository, 'test', 'support', 'echo-stdio.mjs');
const DEADLINE = { timeoutMs: 40_000, everyMs: 100 };
/** So that both of two workers are asked. */
const KNOCKS = 8;

t.test('servers are added, used, switched and removed on the running gateway', async (t) => {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  const global = { workers: 2, queueTimeout: 60_000 };
  const servers = { steady: { command: process.execPath, args: [stdioProgram] } };
  const config = { global, servers };
  const gateway = await startGateway({ config, env: { NOTES_TOKEN: 's3cret-of-notes' } });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const call = (server: string, value: unknown = 1) =>
    rpc({ url: gateway.endpoint(server), key, ...modernCall(1, 'echo', { value }) });
  const statuses = async (server: string): Promise<number[]> => {
    const replies = await Promise.all(Array.from({ length: KNOCKS }, () => call(server)));
    return [...new Set(replies.map(({ status }) => status))];
  };
  const cli = async (...args: string[]) => {
    const result = await gateway.cli(args);
    t.equal(result.code, 0, `${args.join(' ')}: ${result.output}`);
    return result.stdout;
  };
  const refused = async (...args: string[]) => {
    const result = await gateway.cli(args);
    t.not(result.code, 0, args.join(' '));
    return result.output;
  };
  const steady = await connectClient('sdk-1', gateway.endpoint('steady'), key);
  const child = await steady.callTool('pid');
  t.same(await statuses('notes'), [404]);

  await t.test('an added server is served by every worker at once', async (t) => {
    const header = 'x-notes: ${NOTES_TOKEN}';
    const said = await cli('servers', 'add', 'notes', '--url', upstream.url, '--header', header);
    t.match(said, /notes \(http\) is served at .*\/notes\/mcp/);
    t.same(await statuses('notes'), [200]);
    t.equal(upstream.requests.at(-1)?.headers['x-notes'], 's3cret-of-notes');
    await cli('servers', 'add', 'shell', '--env', 'MARK=a', '--', process.execPath, stdioProgram);
    const client = await connectClient('sdk-2', gateway.endpoint('shell'), key);
    t.match(await client.callTool('echo', { value: 2 }), '2');
    await client.close();
    t.equal(await steady.callTool('pid'), child, 'the untouched session goes on');
    const list = await cli('servers', 'list');
    t.match(list, /notes +added +http/);
    t.match(list, /steady +file +stdio/);
  });

  await t.test('what is wrong is named, and changes nothing', async (t) => {
    const entry = join(gateway.files.directory, 'entry.json');
    await writeFile(entry, JSON.stringify({ urll: upstream.url }));
    const add = (name: string, ...more: string[]) => refused('servers', 'add', name, ...more);
    t.match(await add('odd', '--entry', entry), /servers\.odd\.urll .*did you mean "url"/);
    t.match(await add('steady', '--url', upstream.url), /steady stands in .*\.json: change it/);
    t.match(await add('notes', '--url', upstream.url), /added before: use --replace/);
    t.match(await refused('servers', 'remove', 'steady'), /servers disable steady/);
    t.match(await refused('servers', 'enable', 'nobody'), /No such server/);
    t.same(await statuses('odd'), [404]);
  });

  await t.test('a test says how the server is, or what to do', async (t) => {
    const fine = await cli('servers', 'test', 'notes');
    t.match(fine, /^notes: \w+\nok +connect [^\n]*ms[^\n]*\nok +tools\/list [^\n]*1 tool\n/);
    await cli('servers', 'add', 'dead', '--url', 'http://127.0.0.1:9/mcp');
    const dead = await refused('servers', 'test', 'dead');
    t.match(dead, /FAIL connect[^]*curl -sv http:\/\/127\.0\.0\.1:9 [^]*dead does not work/);
    await cli('servers', 'remove', 'dead');
  });

  await t.test('who waits for a disabled server is told at once; what runs may end', async (t) => {
    const entry = join(gateway.files.directory, 'narrow.json');
    const connectionPool = { maxConnections: 1, requestTimeout: 120_000 };
    await writeFile(entry, JSON.stringify({ url: upstream.url, connectionPool }));
    await cli('servers', 'add', 'narrow', '--entry', entry);
    upstream.forget();
    upstream.onCall(({ message }) => {
      const isSlow = JSON.stringify(message).includes('slow');
      return { kind: 'answer', delayMs: isSlow ? 15_000 : 0 };
    });
    const inFlight = call('narrow', 'slow');
    await upstream.untilCalls(1);
    const waiting = [call('narrow', 'waits'), call('narrow', 'waits too')];
    await until(
      async () => JSON.stringify((await gateway.json('/health'))['servers']).includes('"queued":2'),
      { ...DEADLINE, what: 'two who wait' },
    );
    await cli('servers', 'disable', 'narrow');
    for (const reply of await Promise.all(waiting)) {
      t.equal(reply.status, 404);
      t.match(reply.message?.error?.message, /No such server\. It was disabled/);
    }
    t.equal((await inFlight).status, 200, 'a call that had begun');
    t.same(upstream.executed, ['slow']);
    t.same(await statuses('narrow'), [404]);
    t.match(await refused('servers', 'test', 'narrow'), /servers enable narrow/);
    upstream.onCall(() => ({ kind: 'answer' }));
    await cli('servers', 'enable', 'narrow');
    t.same(await statuses('narrow'), [200]);
  });

  await t.test(
    'a reload of the file keeps them, and a server of the file can be switched',
    async (t) => {
      const more = { ...servers, more: { url: upstream.url } };
      await writeFile(gateway.files.configFile, JSON.stringify({ global, servers: more }));
      await cli('reload');
      for (const name of ['notes', 'more']) t.same(await statuses(name), [200], name);
      await cli('servers', 'disable', 'more');
      await cli('reload');
      t.same(await statuses('more'), [404]);
      t.equal(await steady.callTool('pid'), child);
      await writeFile(gateway.files.configFile, '{ not json');
      await cli('servers', 'enable', 'more');
      t.same(await statuses('more'), [200], 'while the file is broken');
      await writeFile(gateway.files.configFile, JSON.stringify({ global, servers: more }));
      await cli('reload');
    },
  );

  await t.test('what another machine put into the store is served soon', async () => {
    const { dataDir } = gateway.files;
    const master = (await readFile(join(dataDir, 'master-key'), 'utf8')).trim();
    const store = await openLibsqlStore({ path: join(dataDir, 'multi-mcp.db') });
    const sealed = new SealedServers(
      store.servers,
      new CredentialSeal(deriveKey(master, 'servers')),
    );
    await sealed.put({ name: 'far', entry: { url: upstream.url }, isEnabled: true });
    const updatedAt = new Date().toISOString();
    await store.servers.put({ name: 'forged', entry: { command: 'sh' }, enabled: true, updatedAt });
    await store.close();
    await until(async () => (await statuses('far')).join() === '200', {
      ...DEADLINE,
      what: 'a server from elsewhere',
    });
    // It was put there after the other: the primary may have looked in between.
    const forged = /forged +added +\? +invalid +no known master key/;
    await until(async () => forged.test(await cli('servers', 'list')), {
      ...DEADLINE,
      what: 'the forged one, refused',
    });
    await cli('servers', 'remove', 'forged');
  });

  await t.test('all of it is on the trail, without secrets', async (t) => {
    await cli('servers', 'restart', 'steady');
    await steady.close().catch(() => undefined);
    await cli('log-level', 'debug');
    await cli('servers', 'remove', 'far');
    t.same(await statuses('far'), [404]);
    const trail = await cli('audit', 'list', '--json');
    const actions = (JSON.parse(trail) as { action: string; actor: string }[]).map(
      ({ action }) => action,
    );
    for (const action of [
      'servers.add',
      'servers.remove',
      'servers.enable',
      'servers.disable',
      'servers.restart',
      'config.reload',
      'log-level.set',
      'keys.create',
    ]) {
      t.ok(actions.includes(action), action);
    }
    t.match(trail, /"actor": "first start"/);
    t.notMatch(trail, 's3cret-of-notes');
  });

  await t.test('they are there after a restart', async (t) => {
    t.equal((await gateway.stop()).code, 0);
    const { dataDir } = gateway.files;
    const again = await startGateway({ config, env: { DATA_DIR: dataDir, NOTES_TOKEN: 'other' } });
    t.teardown(() => again.destroy());
    const url = again.endpoint('notes');
    const reply = await rpc({ url, key, ...modernCall(1, 'echo', { value: 3 }) });
    t.equal(reply.message?.result?.content?.[0]?.text, '3');
    t.equal(upstream.requests.at(-1)?.headers['x-notes'], 'other');
  });
});
