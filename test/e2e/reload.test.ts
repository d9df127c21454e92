/** The configuration changes while clients work: what is untouched notices nothing, what is wrong changes nothing. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { connectClient } from '../support/mcp-clients.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(200_000);

const support = (name: string): string => join(repository, 'test', 'support', name);

interface Facts {
  readonly config: {
    readonly version: number;
    readonly lastReload: { readonly ok: boolean } | null;
  };
  readonly workers: readonly { readonly pid: number; readonly configVersion: number }[];
  readonly upstreamHosts: readonly { readonly pid: number; readonly configVersion: number }[];
}

t.test('a changed file is applied to what it changes, and to nothing else', async (t) => {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  const stdio = { command: process.execPath, args: [support('echo-stdio.mjs')] };
  const servers = { http: { url: upstream.url }, stdio };
  const gateway = await startGateway({ config: { global: { workers: 2 }, servers } });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const facts = async (): Promise<Facts> => (await gateway.json('/health')) as unknown as Facts;
  const write = (config: unknown): Promise<void> =>
    writeFile(
      gateway.files.configFile,
      typeof config === 'string' ? config : JSON.stringify(config, null, 2),
    );
  const call = (server: string, name = 'echo') =>
    rpc({ url: gateway.endpoint(server), key, ...modernCall(1, name, { value: 1 }) });
  const untilVersion = (version: number): Promise<Facts> =>
    until(
      async () => {
        const now = await facts();
        const all = [...now.workers, ...now.upstreamHosts];
        return now.config.version === version &&
          all.every(({ configVersion }) => configVersion === version)
          ? now
          : false;
      },
      { timeoutMs: 30_000, everyMs: 100, what: `version ${version} everywhere` },
    );
  const before = await untilVersion(1);
  const session = await connectClient('sdk-1', gateway.endpoint('stdio'), key);
  t.teardown(() => session.close().catch(() => undefined)); // Its server begins anew below.
  const child = await session.callTool('pid');

  await t.test('an added server is served, a new limit holds, a session goes on', async (t) => {
    t.equal((await call('module')).status, 404);
    t.equal((await call('http')).headers['ratelimit-policy'], undefined);
    const module = { module: support('echo-module.mjs') };
    await write({
      global: { workers: 2, perUserLimit: 700, maxTotalConnections: 400 },
      servers: { ...servers, module },
    });
    const after = await untilVersion(2);
    t.match(after, { connectionPool: { limit: 400 } });
    t.equal((await call('module')).message?.result?.content?.[0]?.text, '1');
    t.match((await call('http')).headers['ratelimit-policy'], /"user";q=700;w=1/);
    t.equal(await session.callTool('pid'), child, 'the same process behind the same session');
    t.strictSame(
      [...after.workers, ...after.upstreamHosts].map(({ pid }) => pid),
      [...before.workers, ...before.upstreamHosts].map(({ pid }) => pid),
      'no process was replaced',
    );
  });

  await t.test('an invalid file changes nothing and is named by line and column', async (t) => {
    await write('{\n  "global": { "workers": 2, "perUserLimit": "many" },\n  "servers": {}\n}\n');
    await until(async () => (await facts()).config.lastReload?.ok === false, {
      timeoutMs: 30_000,
      everyMs: 100,
      what: 'a refused reload',
    });
    t.equal((await call('http')).status, 200);
    t.equal(await session.callTool('pid'), child);
    t.equal((await untilVersion(2)).config.version, 2);
    const named = /reload refused[^\n]*server-production\.json:2:45[^\n]*perUserLimit/;
    await until(async () => named.test(await gateway.logs()), {
      timeoutMs: 20_000,
      everyMs: 100,
      what: 'a line about it in the log',
    });
    const metrics = await (await fetch(`${gateway.url}/metrics/prometheus`)).text();
    t.match(metrics, /multi_mcp_config_last_reload_successful 0/);
    const { alerts } = (await gateway.json('/health')) as { alerts?: unknown };
    t.match(JSON.stringify(alerts), /config-reload-failed/);
    const asked = await gateway.cli(['reload']);
    t.equal(asked.code, 78);
    t.match(asked.output, /version 2 stays in force[^]*server-production\.json:2:45/);
  });

  await t.test('a removed server is gone, and a setting for a restart is only named', async (t) => {
    await write({ global: { workers: 3, perUserLimit: 700 }, servers: { stdio } });
    const asked = await gateway.cli(['reload', '--json']);
    t.equal(asked.code, 0, asked.output);
    t.match(JSON.parse(asked.stdout), { ok: true, restartNeededFor: ['global.workers'] });
    t.equal((await call('http')).status, 404);
    t.equal((await call('module')).status, 404);
    t.equal(await session.callTool('pid'), child, 'the untouched one is still the same');
    t.equal((await facts()).workers.length, 2);
  });

  await t.test('a server reached in another way begins anew', async (t) => {
    const env = { MARK: 'changed' };
    await write({
      global: { workers: 2, perUserLimit: 700 },
      servers: { stdio: { ...stdio, env } },
    });
    t.equal((await gateway.cli(['reload'])).code, 0);
    const fresh = await connectClient('sdk-1', gateway.endpoint('stdio'), key);
    t.not(await fresh.callTool('pid'), child);
    const before = await fresh.callTool('pid');
    await fresh.close();
    t.equal((await gateway.cli(['servers', 'restart', 'stdio'])).code, 0);
    const afterRestart = await connectClient('sdk-1', gateway.endpoint('stdio'), key);
    t.not(await afterRestart.callTool('pid'), before);
    await afterRestart.close();
    process.kill(gateway.pid, 'SIGUSR2');
    await until(
      async () =>
        /"state":\{"status":"healthy".*"children":\d+,"sessions":\d+/.test(await gateway.logs()),
      {
        timeoutMs: 20_000,
        everyMs: 100,
        what: 'the state in the log',
      },
    );
  });
});

t.test('a call that waits for a slot while its server gets another limit is served', async (t) => {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  const config = (maxConnections: number) => ({
    global: { workers: 1, maxConcurrentRequestsPerUser: 1 },
    servers: {
      slow: { command: process.execPath, args: [support('echo-stdio.mjs')] },
      http: { url: upstream.url, connectionPool: { maxConnections } },
    },
  });
  const gateway = await startGateway({ config: config(5) });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const call = (server: string, args: Readonly<Record<string, unknown>>) =>
    rpc({ url: gateway.endpoint(server), key, ...modernCall(1, 'echo', args) });
  t.equal((await call('http', { value: 1 })).status, 200);
  const long = call('slow', { value: 1, delayMs: 6000 });
  const pool = async () =>
    ((await gateway.json('/health')) as { connectionPool: { inFlight: number; queued: number } })
      .connectionPool;
  const waiting = { timeoutMs: 30_000, everyMs: 50 };
  await until(async () => (await pool()).inFlight === 1, { ...waiting, what: 'the long call' });
  const queued = call('http', { value: 2 });
  await until(async () => (await pool()).queued === 1, { ...waiting, what: 'a call that waits' });
  await writeFile(gateway.files.configFile, JSON.stringify(config(6)));
  const reloaded = await gateway.cli(['reload']);
  t.equal(reloaded.code, 0, reloaded.output);
  t.equal((await long).status, 200);
  const reply = await queued;
  t.equal(reply.status, 200, reply.text);
  t.equal(upstream.executed.length, 2);
});

t.test('other limits of an HTTP server hold for those who wait already', async (t) => {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  const config = (maxConnections: number) => ({
    global: { workers: 1, maxConcurrentRequestsPerUser: 50 },
    servers: { http: { url: upstream.url, era: 'modern', connectionPool: { maxConnections } } },
  });
  const gateway = await startGateway({ config: config(1) });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  let answerAll: () => void = () => undefined;
  const after = new Promise<void>((resolve) => {
    answerAll = resolve;
  });
  upstream.onCall(() => ({ kind: 'answer', after }));
  const calls = Array.from({ length: 8 }, (_, id) =>
    rpc({ url: gateway.endpoint('http'), key, ...modernCall(id, 'echo', { value: id }) }),
  );
  const queued = async () =>
    ((await gateway.json('/health')) as { connectionPool: { queued: number } }).connectionPool
      .queued;
  await upstream.untilCalls(1);
  await until(async () => (await queued()) === 7, { timeoutMs: 10_000, what: 'seven who wait' });
  await writeFile(gateway.files.configFile, JSON.stringify(config(8)));
  const reloaded = await gateway.cli(['reload']);
  t.equal(reloaded.code, 0, reloaded.output);
  await until(() => upstream.inFlight() === 8, {
    timeoutMs: 5000,
    what: 'all eight at the server',
  });
  answerAll();
  for (const { status } of await Promise.all(calls)) t.equal(status, 200);
});

t.test('who waits for a slot while the server moves goes to where it is then', async (t) => {
  const [former, next] = await Promise.all([startFakeUpstream(), startFakeUpstream()]);
  t.teardown(() => Promise.all([former.close(), next.close()]));
  const config = (url: string, deny: readonly string[]) => ({
    global: { workers: 1, maxConcurrentRequestsPerUser: 50 },
    servers: {
      http: { url, era: 'modern', connectionPool: { maxConnections: 1 }, tools: { deny } },
    },
  });
  const gateway = await startGateway({ config: config(former.url, []) });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const call = (id: number, tool: string) =>
    rpc({ url: gateway.endpoint('http'), key, ...modernCall(id, tool, { value: id }) });
  let answer: () => void = () => undefined;
  const after = new Promise<void>((resolve) => {
    answer = resolve;
  });
  former.onCall(() => ({ kind: 'answer', after }));
  const first = call(1, 'echo');
  await former.untilCalls(1);
  const waiting = [call(2, 'echo'), call(3, 'echo'), call(4, 'drop')];
  const queued = async () =>
    ((await gateway.json('/health')) as { connectionPool: { queued: number } }).connectionPool
      .queued;
  await until(async () => (await queued()) === 3, { timeoutMs: 10_000, what: 'three who wait' });
  await writeFile(gateway.files.configFile, JSON.stringify(config(next.url, ['drop'])));
  const reloaded = await gateway.cli(['reload']);
  t.equal(reloaded.code, 0, reloaded.output);
  answer();
  t.equal((await first).status, 200);
  const [second, third, denied] = await Promise.all(waiting);
  t.equal(second?.status, 200);
  t.equal(third?.status, 200);
  t.match(denied?.message?.error, { code: -32602 }, 'by the rules of now');
  t.strictSame(former.executed, [1]);
  t.strictSame([...next.executed].sort(), [2, 3]);
});
