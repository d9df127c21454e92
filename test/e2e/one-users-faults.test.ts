/** What one user does with a stdio server is no failure of the server: its circuit breaker stays closed for the others. */
import { join } from 'node:path';
import t from 'tap';
import { startGateway } from '../support/start-gateway.js';
import { repository } from '../support/repository.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

/** Has batches. */
const VERSION = '2025-03-26';
const HELLO = {
  protocolVersion: VERSION,
  capabilities: {},
  clientInfo: { name: 'c', version: '1' },
};
const CALLS = 24;

t.test('one user, and the others', async (t) => {
  const fixture = join(repository, 'test/support/stdio-fixtures/particular.mjs');
  const server = { command: process.execPath, args: [fixture], era: 'legacy' };
  const gateway = await startGateway({
    config: {
      global: { workers: 1, maxConcurrentRequestsPerUser: 50 },
      servers: { cancelling: server, filling: { ...server, maxProcesses: 3 }, greeting: server },
    },
  });
  t.teardown(() => gateway.destroy());
  const [eve, ana, bob] = await Promise.all([
    gateway.makeKey('eve'),
    gateway.makeKey('ana'),
    gateway.makeKey('bob'),
  ]);

  const post = async (to: string, key: string, message: object, session: string | null = null) => {
    const response = await fetch(gateway.endpoint(to), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'x-api-key': key,
        ...(session !== null && { 'mcp-session-id': session }),
      },
      body: JSON.stringify(Array.isArray(message) ? message : { jsonrpc: '2.0', ...message }),
    });
    const { status, headers } = response;
    return { status, session: headers.get('mcp-session-id'), text: await response.text() };
  };
  const greet = (to: string, key: string, params: object = HELLO) =>
    post(to, key, { id: 0, method: 'initialize', params });
  const call = (to: string, key: string, session: string | null, id: number, delayMs: number) =>
    post(
      to,
      key,
      { id, method: 'tools/call', params: { name: 'x', arguments: { delayMs } } },
      session,
    );
  const stateOf = async (to: string) => {
    const { servers } = (await gateway.json('/health')) as {
      servers: Record<string, { inFlight: number; circuitBreaker: { state: string } }>;
    };
    return servers[to];
  };
  const isServed = async (to: string, session: string | null, what: string): Promise<void> => {
    const { status, text } = await call(to, ana, session, 1, 0);
    t.equal(status, 200);
    t.match(text, /"result"/, `${what}: an answer in an open session`);
    t.equal((await stateOf(to))?.circuitBreaker.state, 'closed', what);
  };

  await t.test('calls that their own client cancelled end without an answer', async () => {
    const others = await greet('cancelling', ana);
    const { session } = await greet('cancelling', eve);
    const calls = Array.from({ length: CALLS }, (_, id) =>
      call('cancelling', eve, session, id, 60_000),
    );
    // One POST, so that no successes outnumber what comes of them.
    const cancellations = calls.map((_, requestId) => {
      return { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } };
    });
    await until(async () => (await stateOf('cancelling'))?.inFlight === CALLS, {
      timeoutMs: 10_000,
      what: 'all begun',
    });
    await post('cancelling', eve, cancellations, session);
    await Promise.all(calls);
    await isServed('cancelling', others.session, 'cancelled calls');
  });

  await t.test('sessions beyond the most processes are refused', async (t) => {
    const others = await greet('filling', ana);
    const first = await greet('filling', eve);
    const second = await greet('filling', eve);
    for (let i = 0; i < CALLS; i += 1) {
      const { status, text } = await greet('filling', eve);
      t.equal(status, 503);
      t.match(text, /GW_BULKHEAD_FULL/);
    }
    await isServed('filling', others.session, 'refused sessions');

    const late = await greet('filling', bob);
    t.equal(late.status, 200, 'who has no process gets one of whoever has two');
    t.equal((await call('filling', eve, first.session, 1, 0)).status, 404);
    t.equal((await call('filling', eve, second.session, 1, 0)).status, 200);
    t.equal((await call('filling', bob, late.session, 1, 0)).status, 200);
    await isServed('filling', others.session, 'a session that gave way');
  });

  await t.test('processes that end at what their own client said first', async (t) => {
    const others = await greet('greeting', ana);
    for (let i = 0; i < CALLS; i += 1) {
      const { status } = await greet('greeting', eve, {
        protocolVersion: VERSION,
        capabilities: {},
      });
      t.equal(status, 502);
    }
    await isServed('greeting', others.session, 'ended processes');
    t.equal((await greet('greeting', ana)).status, 200, 'others need not wait for a process');
  });
});
