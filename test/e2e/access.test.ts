/**
 * Two users on one gateway, every cross access tried: credentials, hidden tools, lists, sessions. None
 * succeeds, and no answer tells whether the thing exists.
 */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { CLIENT_KINDS, connectClient } from '../support/mcp-clients.js';
import { repository } from '../support/repository.js';
import { CLI, gatewayEnvironment, startGateway, type Gateway } from '../support/start-gateway.js';
import { within } from '../support/until.js';

const support = join(repository, 'test', 'support');
const TOOLS = ['echo', 'secret_a', 'secret_b'].map((name) => ({
  name,
  inputSchema: { type: 'object' },
}));
const rules = { tools: { deny: ['secret_*', 'executions'] } };

async function start(t: Test): Promise<{ gateway: Gateway; upstream: FakeUpstream }> {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  upstream.onRequest(({ message }) =>
    message?.method === 'tools/list'
      ? {
          kind: 'result',
          result: { tools: TOOLS, resultType: 'complete', ttlMs: 9000, cacheScope: 'public' },
        }
      : undefined,
  );
  const gateway = await startGateway({
    config: {
      global: { workers: 2 },
      servers: {
        mail: {
          url: upstream.url,
          credential: { header: 'authorization', prefix: 'Bearer ' },
          ...rules,
        },
        files: {
          command: process.execPath,
          args: [join(support, 'echo-stdio.mjs')],
          credential: { env: 'ECHO_TOKEN' },
          ...rules,
        },
        notes: { module: join(support, 'echo-module.mjs'), credential: { context: 'x' }, ...rules },
        first: { module: join(support, 'sdk-module.mjs'), credential: { context: 'x' } },
        second: { module: join(support, 'sdk-module.mjs'), credential: { context: 'x' } },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  return { gateway, upstream };
}

/** Servers whose tool "token" tells the credential that reached it. */
const TELLING = ['files', 'notes', 'first', 'second'];

/** What came for users; the gateway's own health checks come too, without anybody's credential. */
const callsOf = (upstream: FakeUpstream) =>
  upstream.requests.filter(({ message }) => message?.method === 'tools/call');

/** As a user does it: the value on standard input. */
async function setCredential(gateway: Gateway, server: string, user: string, value: string) {
  const env = { ...process.env, ...gatewayEnvironment(gateway.files, gateway.port) };
  const child = spawn(process.execPath, [CLI, 'credentials', 'set', server, '--user', user], {
    env,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(`${value}\n`);
  const [code] = (await within(60_000, 'credentials set', once(child, 'exit'))) as [number];
  if (code !== 0) throw new Error(`credentials set: exit ${code}`);
}

t.test('each user acts under the own credential only, on every kind of server', async (t) => {
  const { gateway, upstream } = await start(t);
  const ana = await gateway.makeKey('ana');
  const bob = await gateway.makeKey('bob');

  await t.test('without one the server is not reached, and the command is named', async (t) => {
    for (const server of ['mail', ...TELLING]) {
      const { message, headers } = modernCall(1, 'echo', { value: 1 });
      const reply = await rpc({ url: gateway.endpoint(server), key: ana, message, headers });
      t.equal(reply.status, 403, server);
      t.match(reply.message?.error?.message, `multi-mcp credentials set ${server} --user ana`);
    }
    t.same(callsOf(upstream), []);
  });

  for (const server of ['mail', ...TELLING]) {
    await setCredential(gateway, server, 'ana', `ana-token-${server}`);
    await setCredential(gateway, server, 'bob', `bob-token-${server}`);
  }

  await t.test('credentials do not cross, in any revision', async (t) => {
    for (const kind of CLIENT_KINDS) {
      for (const server of TELLING) {
        const clients = await Promise.all(
          [ana, bob].map((key) => connectClient(kind, gateway.endpoint(server), key)),
        );
        const tokens = await Promise.all(clients.map((client) => client.callTool('token')));
        t.same(tokens, [`"ana-token-${server}"`, `"bob-token-${server}"`], `${kind} ${server}`);
        if (server === 'first' || server === 'second') {
          const users = await Promise.all(clients.map((client) => client.callTool('user')));
          t.same(users, ['"ana"', '"bob"'], `${kind} ${server}`);
        }
        const pids = await Promise.all(clients.map((client) => client.callTool('pid')));
        if (server === 'files') t.not(pids[0], pids[1], `${kind}: a process each`);
        for (const client of clients) await client.close();
      }
      upstream.forget();
      for (const [key, user] of [
        [ana, 'ana'],
        [bob, 'bob'],
      ] as const) {
        upstream.forget();
        const client = await connectClient(kind, gateway.endpoint('mail'), key);
        await client.callTool('echo', { value: user });
        await client.close();
        const seen = new Set(callsOf(upstream).map(({ headers }) => headers.authorization));
        t.same([...seen], [`Bearer ${user}-token-mail`], `${kind} ${user}`);
        t.notOk(JSON.stringify(upstream.requests).includes(key), 'the key stays here');
      }
    }
  });

  await t.test('hidden tools are in no list, and unknown like those that never were', async (t) => {
    for (const kind of CLIENT_KINDS) {
      const mail = await connectClient(kind, gateway.endpoint('mail'), ana);
      t.same(await mail.listTools(), ['echo'], kind);
      await mail.close();
      const files = await connectClient(kind, gateway.endpoint('files'), ana);
      t.same(await files.listTools(), ['echo', 'pid', 'token'], kind);
      await t.rejects(files.callTool('executions'), /Unknown tool: executions/, kind);
      await files.close();
    }
    upstream.forget();
    const answers = [];
    for (const name of ['secret_a', 'secret_never_was']) {
      const { message, headers } = modernCall(7, name, {});
      const reply = await rpc({ url: gateway.endpoint('mail'), key: ana, message, headers });
      answers.push([reply.status, reply.text.replaceAll(name, 'X')]);
    }
    t.same(answers[0], answers[1]);
    t.same(callsOf(upstream), [], 'nobody was asked');
  });

  await t.test("a key's own rules hide more, for that key alone", async (t) => {
    const made = await gateway.cli([
      'keys',
      'create',
      '--json',
      '--user',
      'bob',
      '--tools',
      'mail/nothing',
    ]);
    const { key } = JSON.parse(made.stdout) as { key: string };
    const narrow = await connectClient('sdk-1', gateway.endpoint('mail'), key);
    t.same(await narrow.listTools(), []);
    await t.rejects(narrow.callTool('echo', { value: 1 }), /Unknown tool: echo/);
    await narrow.close();
    const wide = await connectClient('sdk-1', gateway.endpoint('mail'), bob);
    t.same(await wide.listTools(), ['echo']);
    await wide.close();
  });

  await t.test('a changed credential holds at once, a removed one too', async (t) => {
    const client = await connectClient('sdk-2', gateway.endpoint('files'), ana);
    t.equal(await client.callTool('token'), '"ana-token-files"');
    await setCredential(gateway, 'files', 'ana', 'changed');
    for (let call = 0; call < 8; call += 1) t.equal(await client.callTool('token'), '"changed"');
    t.equal((await gateway.cli(['credentials', 'remove', 'files', '--user', 'ana'])).code, 0);
    for (let call = 0; call < 8; call += 1) {
      await t.rejects(client.callTool('token'), /credentials set files --user ana/);
    }
    await client.close().catch(() => undefined);
  });

  await t.test('every change is in the audit trail; no value is anywhere to be read', async (t) => {
    const { stdout } = await gateway.cli(['audit', 'list', '--json', '-n', '100']);
    t.match(stdout, /credentials\.set/);
    t.match(stdout, /ana@files/);
    t.match(stdout, /credentials\.remove/);
    const listed = await gateway.cli(['credentials', 'list', '--json']);
    const everything = stdout + listed.output + (await gateway.logs());
    t.notMatch(everything, /-token-|changed"/);
  });
});
