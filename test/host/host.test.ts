import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ServerSource } from '../../config/config.js';
import { forkHost, hostConfig, stdioSource, type ForkedHost } from '../support/forked-host.js';
import { descendants, untilGone, processRef } from '../support/process-tree.js';
import { recordingHandler, upstreamRequest } from '../support/recording-handler.js';
import { shortDir } from '../support/short-dir.js';
import { until, within } from '../support/until.js';

const fixture = (path: string): URL => new URL(`../support/${path}`, import.meta.url);
const moduleAt = (path: string): ServerSource => ({
  kind: 'module',
  path: fixture(path).pathname,
});
const STUBBORN = stdioSource(fixture('stdio-fixtures/stubborn.mjs'));
const QUICK_MS = 5000;

function start(t: Parameters<typeof shortDir>[0], sources: Readonly<Record<string, ServerSource>>) {
  const folder = shortDir(t);
  mkdirSync(join(folder, 'data'));
  const config = hostConfig(folder, sources);
  return { folder, config, run: () => forkHost(t, folder, config) };
}

/** Opens a legacy session and returns how to call in it. */
async function session(host: ForkedHost, server: string) {
  const transport = host.link.transport(server);
  const post = async (body: object, headers: readonly string[] = []) => {
    const handler = recordingHandler();
    transport.dispatch(
      upstreamRequest({
        headers: [
          'content-type',
          'application/json',
          'accept',
          'application/json, text/event-stream',
          ...headers,
        ],
        body: Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...body })),
      }),
      handler,
    );
    const error = await handler.ended;
    return { ...handler, error, text: handler.body() };
  };
  const opened = await post({
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'c', version: '1' },
    },
  });
  const id = opened.headers[opened.headers.indexOf('mcp-session-id') + 1] ?? '';
  return {
    opened,
    call: (name: string, args: object = {}) =>
      post({ id: 1, method: 'tools/call', params: { name, arguments: args } }, [
        'mcp-session-id',
        id,
      ]),
  };
}

/** Starts the stubborn server by a request that it never answers; returns its process. */
async function startStubborn(host: ForkedHost) {
  host.link.transport('stubborn').dispatch(
    upstreamRequest({
      headers: [
        'content-type',
        'application/json',
        'accept',
        'application/json, text/event-stream',
      ],
      body: Buffer.from(
        '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}',
      ),
    }),
    recordingHandler(),
  );
  return until(
    () =>
      descendants(host.process.pid ?? 0).find(({ command }) => command === 'stubborn and ready'),
    { timeoutMs: 10_000, what: 'the stubborn child' },
  );
}

// Every host here is a process of its own, compiled as it starts.
t.setTimeout(180_000);

t.test('modules and stdio servers are served over the socket, each with its status', async (t) => {
  const { run } = start(t, {
    plain: moduleAt('module-fixtures/plain-module.mjs'),
    broken: moduleAt('no-such-module.mjs'),
    'meerkats-table': { kind: 'bundled', module: 'meerkats-table' },
    everything: stdioSource(fixture('echo-stdio.mjs')),
  });
  const host = await run();
  const ready = await host.next('host-ready');
  t.equal(ready.pid, host.process.pid);
  t.match(
    [...ready.servers].sort((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { name: 'broken', kind: 'module', state: 'failing', reason: /no-such-module/ },
      { name: 'everything', kind: 'stdio', state: 'ready', openCount: 0 },
      { name: 'meerkats-table', kind: 'module', state: 'ready' },
      { name: 'plain', kind: 'module', state: 'ready' },
    ],
  );
  const plain = await session(host, 'plain');
  t.match((await plain.call('hello')).text, /hello alice from plain/);
  t.match((await (await session(host, 'meerkats-table')).call('list_tables')).text, /"result"/);
  t.match((await session(host, 'everything')).opened.status, 200);
  t.equal((await session(host, 'broken')).opened.status, 502);
  const status = await host.next('host-status');
  t.equal(typeof status.inFlight, 'number');
  host.process.send({ type: 'host-drain', timeoutMs: 1000 });
  t.equal(await within(10_000, 'the end', host.exited), 0);
});

t.test('a drained host leaves no child, no socket and no record', async (t) => {
  const { folder, run } = start(t, { stubborn: STUBBORN });
  const host = await run();
  await host.next('host-ready');
  const child = await startStubborn(host);
  t.equal(readdirSync(join(folder, 'data', 'children-0')).length, 1);
  host.process.send({ type: 'host-drain', timeoutMs: 0 });
  t.equal(await within(QUICK_MS, 'the end', host.exited), 0);
  await untilGone([child], 1000);
  t.notOk(existsSync(join(folder, 'host.sock')));
  t.strictSame(readdirSync(join(folder, 'data', 'children-0')), []);
});

t.test('a second order to end, without any time, cuts the first one short', async (t) => {
  const { run } = start(t, { stubborn: STUBBORN });
  const host = await run();
  await host.next('host-ready');
  const child = await startStubborn(host);
  host.process.send({ type: 'host-drain', timeoutMs: 60_000 });
  host.process.send({ type: 'host-drain', timeoutMs: 0 });
  t.equal(await within(QUICK_MS, 'the end', host.exited), 0);
  await untilGone([child], 1000);
});

t.test('a host without its primary ends itself and its children', async (t) => {
  const { run } = start(t, { stubborn: STUBBORN });
  const host = await run();
  await host.next('host-ready');
  const child = await startStubborn(host);
  await host.link.close();
  host.process.disconnect();
  await within(9500, 'the end', host.exited);
  await untilGone([child], 500);
});

t.test('a child that outlives a killed host is ended by the next one', async (t) => {
  const { folder, run } = start(t, { stubborn: STUBBORN });
  const host = await run();
  await host.next('host-ready');
  const child = await startStubborn(host);
  host.process.kill('SIGKILL');
  await host.exited;
  t.equal(processRef(child.pid)?.startedAtTicks, child.startedAtTicks, 'it survived');
  const next = await run();
  await next.next('host-ready');
  await untilGone([child], 1000);
  const told = new RegExp(`"childPid":${child.pid},"server":"stubborn".*former upstream host`);
  const log = join(folder, 'logs', 'multi-mcp-production.log');
  await until(() => told.test(readFileSync(log, 'utf8')), {
    timeoutMs: 3000,
    what: 'the log line, with one pid of each',
  });
});

t.test('a forgotten promise of one module ends nothing, and its server is named', async (t) => {
  const { folder, run } = start(t, { troubled: moduleAt('module-fixtures/troubled-module.mjs') });
  const host = await run();
  await host.next('host-ready');
  const { call } = await session(host, 'troubled');
  t.match((await call('reject')).text, /rejected somewhere/);
  t.match((await call('reject')).text, /rejected somewhere/);
  const line =
    /"level":"error".*"server":"troubled".*forgotten.*"a promise of a module was rejected/;
  await until(
    () => line.test(readFileSync(join(folder, 'logs', 'multi-mcp-production.log'), 'utf8')),
    { timeoutMs: 3000, what: 'the log line' },
  );
});

t.test('after an uncaught exception the host ends, and its children with it', async (t) => {
  const { folder, run } = start(t, {
    troubled: moduleAt('module-fixtures/troubled-module.mjs'),
    stubborn: STUBBORN,
  });
  const host = await run();
  await host.next('host-ready');
  const child = await startStubborn(host);
  const { call } = await session(host, 'troubled');
  await call('throw-later');
  t.equal(await within(QUICK_MS, 'the end', host.exited), 70);
  await untilGone([child], 1000);
  t.match(
    readFileSync(join(folder, 'logs', 'multi-mcp-production.log'), 'utf8'),
    /"level":"fatal".*"server":"troubled".*uncaught/,
  );
});

t.test('a module that ends the process is named, and children end with it', async (t) => {
  const { folder, run } = start(t, {
    troubled: moduleAt('module-fixtures/troubled-module.mjs'),
    stubborn: STUBBORN,
  });
  const host = await run();
  await host.next('host-ready');
  const child = await startStubborn(host);
  const { call } = await session(host, 'troubled');
  call('exit').catch(() => undefined); // Nobody is left to answer.
  t.equal(await within(QUICK_MS, 'the end', host.exited), 3);
  await untilGone([child], 1000);
  t.match(
    readFileSync(join(folder, 'logs', 'multi-mcp-production.log'), 'utf8'),
    /"level":"fatal".*"code":3.*"server":"troubled".*troubled-module\.mjs/,
  );
});

t.test('a module that holds the event loop is named while it holds it', async (t) => {
  const { folder, run } = start(t, {
    troubled: moduleAt('module-fixtures/troubled-module.mjs'),
    plain: moduleAt('module-fixtures/plain-module.mjs'),
  });
  const host = await run();
  await host.next('host-ready');
  const { call } = await session(host, 'troubled');
  const enough = join(folder, 'enough');
  const spinning = call('spin', { until: enough });
  const file = join(folder, 'logs', 'multi-mcp-production.log');
  const line =
    /"level":"error".*"server":"troubled".*troubled-module\.mjs:\d+:\d+.*holds the event loop/;
  await until(() => line.test(readFileSync(file, 'utf8')), {
    timeoutMs: 30_000,
    what: 'the name of the module',
  });
  writeFileSync(enough, '');
  await spinning;
  t.match((await call('reject')).text, 'rejected somewhere', 'it serves as before');
});

t.test('a host that cannot start says why', async (t) => {
  const { folder, config } = start(t, {});
  const blocked = join(folder, 'a-file');
  writeFileSync(blocked, '');
  const host = await forkHost(t, folder, { ...config, dataDir: join(blocked, 'data') });
  t.ok((await host.next('host-failed')).reason.length > 0);
  t.equal(await within(QUICK_MS, 'the end', host.exited), 70);
});
