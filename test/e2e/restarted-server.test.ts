/** A restart of a server ends what takes too long; that is the operator's doing, and says nothing of the server. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

const CALLS = 24;

t.test('a server that was restarted amid many calls serves at once', async (t) => {
  const fixture = join(repository, 'test/support/stdio-fixtures/modern-slow.mjs');
  const gateway = await startGateway({
    config: {
      global: { workers: 1, maxConcurrentRequestsPerUser: 50 },
      http: { drainTimeout: 500 },
      servers: { slow: { command: process.execPath, args: [fixture], era: 'modern' } },
    },
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const call = (id: number, delayMs: number) =>
    rpc({ url: gateway.endpoint('slow'), key, ...modernCall(id, 'x', { delayMs }) });
  const state = async () => {
    const { servers } = (await gateway.json('/health')) as {
      servers: Record<string, { inFlight: number; circuitBreaker: { state: string } }>;
    };
    return servers['slow'];
  };

  const calls = Array.from({ length: CALLS }, (_, id) => call(id, 60_000));
  await until(async () => (await state())?.inFlight === CALLS, {
    timeoutMs: 10_000,
    what: 'all begun',
  });
  const restarted = await gateway.cli(['servers', 'restart', 'slow']);
  t.equal(restarted.code, 0, restarted.output);
  for (const { status, message } of await Promise.all(calls)) {
    t.equal(status, 503);
    t.match(message?.error, { message: /restarted.*unknown/, data: { reason: 'GW_DRAINING' } });
  }
  t.equal((await call(CALLS, 0)).status, 200);
  t.equal((await state())?.circuitBreaker.state, 'closed');
});

t.test(
  'calls that outlast the replacement of their HTTP server do not count against it',
  async (t) => {
    const [former, next] = await Promise.all([startFakeUpstream(), startFakeUpstream()]);
    t.teardown(() => Promise.all([former.close(), next.close()]));
    const config = (url: string) => ({
      global: { workers: 1, maxConcurrentRequestsPerUser: 50 },
      http: { drainTimeout: 500 },
      servers: { moved: { url, era: 'modern' } },
    });
    const gateway = await startGateway({ config: config(former.url) });
    t.teardown(() => gateway.destroy());
    const key = await gateway.makeKey('ana');
    const call = (id: number) =>
      rpc({ url: gateway.endpoint('moved'), key, ...modernCall(id, 'echo', {}) });

    former.onCall(() => ({ kind: 'hang' }));
    const calls = Array.from({ length: CALLS }, (_, id) => call(id));
    await former.untilCalls(CALLS);
    await writeFile(gateway.files.configFile, JSON.stringify(config(next.url)));
    const reloaded = await gateway.cli(['reload']);
    t.equal(reloaded.code, 0, reloaded.output);
    for (const { status, message } of await Promise.all(calls)) {
      t.equal(status, 503);
      t.match(message?.error, { message: /replaced.*unknown/, data: { reason: 'GW_DRAINING' } });
    }
    t.equal((await call(CALLS)).status, 200);
    const { servers } = (await gateway.json('/health')) as {
      servers: Record<string, { circuitBreaker: { state: string; failureRatio: number } }>;
    };
    t.strictSame(servers['moved']?.circuitBreaker, { state: 'closed', failureRatio: 0 });
  },
);
