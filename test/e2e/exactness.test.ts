/**
 * N calls cause exactly N executions, and every answer reaches the one who asked, though all of them
 * use JSON-RPC id 1 (claude.ai does) and come back in any order. A call whose client leaves, at
 * whatever moment, leaves nothing behind.
 */
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { health, untilIdle } from '../support/gateway-health.js';
import { lastMessage, modernCall, rpc, type RpcReply } from '../support/json-rpc.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(240_000);

const CALLS = 1000;
const USERS = 10;
const LONGEST_DELAY_MS = 50;
const MAX_CONNECTIONS = 200;
const support = (name: string): string => join(repository, 'test', 'support', name);

const upstream = await startFakeUpstream();
t.teardown(() => upstream.close());
const gateway = await startGateway({
  config: {
    global: {
      workers: 4,
      maxConnectionsPerServer: MAX_CONNECTIONS,
      maxTotalConnections: 500,
      maxConcurrentRequestsPerUser: 100,
      queueMaxSize: 2 * CALLS,
      queueMaxPerUser: 2 * CALLS,
      queueTimeout: 60_000,
    },
    servers: {
      http: { url: upstream.url },
      narrow: { url: upstream.url, connectionPool: { maxConnections: 1 } },
      module: { module: support('echo-module.mjs') },
      stdio: { command: process.execPath, args: [support('echo-stdio.mjs')], maxProcesses: 40 },
    },
  },
});
t.teardown(() => gateway.destroy());
const keys = await Promise.all(
  Array.from({ length: USERS }, (_, user) => gateway.makeKey(`user-${user}`)),
);
const keyOf = (call: number): string => keys[call % USERS] ?? '';
const agent = new Agent({ keepAlive: true });
t.teardown(() => {
  agent.destroy();
});

const values = Array.from({ length: CALLS }, (_, call) => `value ${call}`);
const echoed = ({ status, text, message }: RpcReply): unknown =>
  status === 200 ? JSON.parse(message?.result?.content?.[0]?.text ?? 'null') : text;

/** The first few that are not what was expected, of a list too long to read. */
const wrong = (actual: readonly unknown[], expected: readonly unknown[]): unknown[] =>
  actual.filter((value, i) => value !== expected[i]).slice(0, 5);

/** A delay that differs from call to call and is the same in every run. */
const delayOf = (call: number): number => (call * 7919) % LONGEST_DELAY_MS;

t.test('a thousand calls at once with id 1 over an HTTP upstream', async (t) => {
  upstream.forget();
  upstream.onCall((seen) => ({
    kind: 'answer',
    delayMs: delayOf(Number(String(seen.message?.params?.arguments?.['value']).slice(6))),
    as: seen.body.length % 2 === 0 ? 'sse' : 'json',
  }));
  const replies = await Promise.all(
    values.map((value, call) =>
      rpc({
        url: gateway.endpoint('http'),
        key: keyOf(call),
        agent,
        ...modernCall(1, 'echo', { value }),
      }),
    ),
  );
  t.strictSame(wrong(replies.map(echoed), values), [], 'every answer is its own');
  t.ok(
    replies.every(({ message }) => message?.id === 1),
    'under the id it asked with',
  );
  t.equal(upstream.executed.length, CALLS);
  t.equal(new Set(upstream.executed).size, CALLS, 'each ran exactly once');
  t.ok(upstream.maxInFlight() <= MAX_CONNECTIONS, `at most ${upstream.maxInFlight()} at once`);
  await untilIdle(gateway);
});

for (const server of ['module', 'stdio']) {
  t.test(`a thousand calls at once with id 1 over a ${server} upstream`, async (t) => {
    const url = gateway.endpoint(server);
    const ask = (call: number, name: string, args: Record<string, unknown>): Promise<RpcReply> =>
      rpc({ url, key: keyOf(call), agent, ...modernCall(1, name, args) });
    const replies = await Promise.all(
      values.map((value, call) => ask(call, 'echo', { value, delayMs: delayOf(call) })),
    );
    t.strictSame(wrong(replies.map(echoed), values), [], 'every answer is its own');
    t.ok(replies.every(({ message }) => message?.id === 1));
    t.equal(echoed(await ask(0, 'executions', {})), CALLS, 'each ran exactly once');
    await untilIdle(gateway);
  });
}

for (const server of ['http', 'module', 'stdio']) {
  t.test(
    `calls of one 2025 session with the same id get their own answers (${server})`,
    async (t) => {
      const url = gateway.endpoint(server);
      const key = keyOf(0);
      upstream.onCall((seen) => ({
        kind: 'answer',
        delayMs: delayOf(Number(String(seen.message?.params?.arguments?.['value']).slice(6))),
      }));
      const opened = await rpc({
        url,
        key,
        message: {
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: {
            protocolVersion: '2025-11-25',
            capabilities: {},
            clientInfo: { name: 'e2e', version: '1.0.0' },
          },
        },
      });
      t.equal(opened.status, 200);
      const session = opened.headers['mcp-session-id'];
      t.type(session, 'string');
      const headers = {
        'mcp-session-id': String(session),
        'mcp-protocol-version': '2025-11-25',
      };
      const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };
      t.equal((await rpc({ url, key, headers, message: initialized })).status, 202);

      const some = values.slice(0, 50);
      const replies = await Promise.all(
        some.map((value, call) =>
          rpc({
            url,
            key,
            agent,
            headers,
            message: {
              jsonrpc: '2.0',
              id: 1,
              method: 'tools/call',
              params: { name: 'echo', arguments: { value, delayMs: delayOf(call) } },
            },
          }),
        ),
      );
      t.strictSame(wrong(replies.map(echoed), some), [], 'every answer is its own');
      t.ok(replies.every(({ message }) => message?.id === 1));
      await untilIdle(gateway);
    },
  );
}

t.test('an answer of a megabyte comes whole', async (t) => {
  const value = 'x'.repeat(1_000_000);
  upstream.onCall(() => ({ kind: 'answer' }));
  for (const server of ['http', 'module', 'stdio']) {
    const url = gateway.endpoint(server);
    const reply = await rpc({ url, key: keyOf(0), ...modernCall(1, 'echo', { value }) });
    t.ok(echoed(reply) === value, server);
  }
});

t.test('a number and a string id come back as they were', async (t) => {
  for (const id of [0, -1, 7, '7', '', 'ü"\\ ✓', '9007199254740993', Number.MAX_SAFE_INTEGER]) {
    for (const server of ['http', 'module', 'stdio']) {
      upstream.onCall(() => ({ kind: 'answer' }));
      const { message } = await rpc({
        url: gateway.endpoint(server),
        key: keyOf(0),
        ...modernCall(id, 'echo', { value: 1 }),
      });
      t.equal(message?.id, id, `${JSON.stringify(id)} over ${server}`);
    }
  }
});

t.test('a client that leaves, at whatever moment, leaves nothing behind', async (t) => {
  const url = gateway.endpoint('http');
  const call = (signal: AbortSignal, server = url): Promise<unknown> =>
    rpc({ url: server, key: keyOf(0), signal, ...modernCall(1, 'echo', { value: 'left' }) }).catch(
      (error: unknown) => error,
    );
  const upstreamIsIdle = (): Promise<true> =>
    until(() => upstream.inFlight() === 0, { timeoutMs: 5000, what: 'an idle upstream' });

  await t.test('in the middle of its request', async () => {
    for (const share of [0.1, 0.5, 0.95]) {
      const socket = connect(gateway.port, '127.0.0.1');
      const body = JSON.stringify(modernCall(1, 'echo', { value: 'half' }).message);
      const request =
        `POST /http/mcp HTTP/1.1\r\nHost: localhost:${gateway.port}\r\n` +
        `Authorization: Bearer ${keyOf(0)}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
      await new Promise<void>((resolve) => {
        socket.write(request.slice(0, Math.floor(request.length * share)), () => {
          socket.resetAndDestroy();
          resolve();
        });
      });
    }
    await untilIdle(gateway);
  });

  await t.test('while the upstream works', async (t) => {
    upstream.forget();
    upstream.onCall(() => ({ kind: 'hang' }));
    const left = new AbortController();
    const calls = Array.from({ length: 20 }, () => call(left.signal));
    await upstream.untilCalls(20);
    left.abort();
    await Promise.all(calls);
    t.ok(await upstreamIsIdle(), 'the upstream calls are cancelled too');
    await untilIdle(gateway);
  });

  await t.test('in the middle of an event stream', async (t) => {
    upstream.forget();
    upstream.onCall(() => ({ kind: 'hang-mid-stream' }));
    const left = new AbortController();
    const calls = Array.from({ length: 20 }, () => call(left.signal));
    await upstream.untilCalls(20);
    left.abort();
    await Promise.all(calls);
    t.ok(await upstreamIsIdle());
    await untilIdle(gateway);
  });

  await t.test('while it waits for a slot', async (t) => {
    upstream.forget();
    upstream.onCall(() => ({ kind: 'hang' }));
    const narrow = gateway.endpoint('narrow');
    const holder = new AbortController();
    const held = call(holder.signal, narrow);
    await upstream.untilCalls(1);
    const left = new AbortController();
    const waiting = Array.from({ length: 20 }, () => call(left.signal, narrow));
    await until(async () => (await health(gateway)).connectionPool.inFlight > 0, {
      timeoutMs: 5000,
      what: 'the holder in flight',
    });
    left.abort();
    await Promise.all(waiting);
    holder.abort();
    await held;
    t.ok(await upstreamIsIdle());
    await untilIdle(gateway);
    t.equal(upstream.requests.filter(({ message }) => message?.method === 'tools/call').length, 1);
  });

  await t.test('and the next call is served', async (t) => {
    upstream.forget();
    upstream.onCall(() => ({ kind: 'answer' }));
    for (const server of ['http', 'narrow']) {
      const { text } = await rpc({
        url: gateway.endpoint(server),
        key: keyOf(0),
        ...modernCall(1, 'echo', { value: 'next' }),
      });
      t.equal(lastMessage(text)?.result?.content?.[0]?.text, '"next"');
    }
    t.strictSame(upstream.executed, ['next', 'next']);
  });
});
