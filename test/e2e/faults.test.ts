/**
 * Parts of the gateway die, and the rest goes on: nothing is lost but what the dead part held, nothing
 * is left running, nothing is left counted. Each fault hits a gateway with calls in flight.
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { canListen } from '../support/free-port.js';
import { health, pids, untilIdle, type Health } from '../support/gateway-health.js';
import { modernCall, rpc, type RpcReply } from '../support/json-rpc.js';
import { isRunning, processRef, untilGone } from '../support/process-tree.js';
import { repository } from '../support/repository.js';
import { failedStart, startGateway, type Gateway } from '../support/start-gateway.js';
import { until, within } from '../support/until.js';

t.setTimeout(300_000);

const support = (name: string): string => join(repository, 'test', 'support', name);

interface Bench {
  readonly gateway: Gateway;
  readonly upstream: FakeUpstream;
  readonly call: (
    server: string,
    name?: string,
    args?: Record<string, unknown>,
  ) => Promise<RpcReply>;
  /** The text of the result, parsed; or the whole reply where there is none. */
  readonly value: (
    server: string,
    name?: string,
    args?: Record<string, unknown>,
  ) => Promise<unknown>;
}

async function bench(t: Test): Promise<Bench> {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  const gateway = await startGateway({
    config: {
      global: { workers: 2, maxConcurrentRequestsPerUser: 200 },
      http: { drainTimeout: 5000 },
      servers: {
        http: { url: upstream.url },
        module: { module: support('echo-module.mjs') },
        stdio: { command: process.execPath, args: [support('echo-stdio.mjs')] },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const call: Bench['call'] = (server, name = 'echo', args = { value: 1 }) => {
    const reply = rpc({ url: gateway.endpoint(server), key, ...modernCall(1, name, args) });
    reply.catch(() => undefined); // Some are cut off before the test comes to look at them.
    return reply;
  };
  return {
    gateway,
    upstream,
    call,
    async value(server, name, args) {
      const reply = await call(server, name, args);
      const text = reply.message?.result?.content?.[0]?.text;
      return text === undefined ? reply : (JSON.parse(text) as unknown);
    },
  };
}

const untilHealthy = (
  gateway: Gateway,
  isDue: (now: Health) => boolean = () => true,
): Promise<Health> =>
  until(
    async () => {
      const now = await health(gateway);
      return now.status === 'healthy' && isDue(now) ? now : false;
    },
    { timeoutMs: 20_000, everyMs: 100, what: 'a healthy gateway' },
  );

/** Its listeners are closed, or say that they will be. */
const untilDraining = (gateway: Gateway): Promise<true> =>
  until(
    () =>
      fetch(`${gateway.url}/readyz`).then(
        ({ ok }) => !ok,
        () => true,
      ),
    { timeoutMs: 5000, what: 'the drain to begin' },
  );

t.test('a killed worker is replaced, and only its own calls are lost', async (t) => {
  const { gateway, upstream, call, value } = await bench(t);
  const [victim = 0] = pids((await untilHealthy(gateway)).workers);
  upstream.onCall(() => ({ kind: 'answer', delayMs: 1000 }));
  const calls = Array.from({ length: 40 }, (_, i) => call('http', 'echo', { value: i }));
  await upstream.untilCalls(40);
  process.kill(victim, 'SIGKILL');
  const outcomes = await Promise.allSettled(calls);

  const answered = outcomes.filter(({ status }) => status === 'fulfilled').length;
  t.ok(answered > 0, 'the other worker answers its calls');
  t.ok(answered < 40, 'those of the killed one are cut off');
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') continue;
    t.equal(outcome.value.message?.result?.content?.[0]?.text, String(i), 'answers stay right');
  }
  const after = await untilHealthy(gateway, ({ workers }) => pids(workers).length === 2);
  t.notOk(pids(after.workers).includes(victim));
  await untilIdle(gateway);
  t.equal(upstream.executed.length, new Set(upstream.executed).size, 'nothing ran twice');

  upstream.onCall(() => ({ kind: 'answer' }));
  const more = await Promise.all(
    Array.from({ length: 40 }, (_, i) => value('http', 'echo', { value: i })),
  );
  t.strictSame(
    more,
    Array.from({ length: 40 }, (_, i) => i),
    'and everything is served again',
  );
});

t.test(
  'a killed upstream host takes its calls along, and comes back with its servers',
  async (t) => {
    const { gateway, value, call } = await bench(t);
    const hostPid = await value('module', 'pid');
    t.strictSame(pids((await untilHealthy(gateway)).upstreamHosts), [hostPid]);
    const childPid = Number(await value('stdio', 'pid'));
    const child = processRef(childPid);
    t.ok(child, 'the stdio child runs');

    const lost = [
      call('module', 'echo', { value: 1, delayMs: 30_000 }),
      call('stdio', 'echo', { value: 1, delayMs: 30_000 }),
    ];
    await until(async () => (await health(gateway)).connectionPool.inFlight === 2, {
      timeoutMs: 5000,
      everyMs: 50,
      what: 'both in flight',
    });
    process.kill(Number(hostPid), 'SIGKILL');
    for (const reply of await within(10_000, 'an answer to lost calls', Promise.all(lost))) {
      t.match(String(reply.status), /^50[234]$/);
      t.equal(reply.message?.id, 1, 'the error names its request');
      t.type(reply.message?.error?.message, 'string');
    }
    t.equal(await value('http'), 1, 'HTTP upstreams never noticed');
    const after = await untilHealthy(
      gateway,
      ({ upstreamHosts }) => pids(upstreamHosts).length === 1,
    );
    t.not(pids(after.upstreamHosts)[0], hostPid);
    t.equal(await value('module'), 1);
    t.equal(await value('stdio'), 1);
    if (child !== undefined) await untilGone([child], 10_000);
    await untilIdle(gateway);
  },
);

t.test(
  'a killed stdio child fails its calls at once, and the next call starts another',
  async (t) => {
    const { gateway, value, call } = await bench(t);
    const childPid = Number(await value('stdio', 'pid'));
    const lost = call('stdio', 'echo', { value: 1, delayMs: 30_000 });
    await until(async () => (await health(gateway)).connectionPool.inFlight === 1, {
      timeoutMs: 5000,
      everyMs: 50,
      what: 'the call in flight',
    });
    process.kill(childPid, 'SIGKILL');
    const reply = await within(5000, 'an answer to the lost call', lost);
    t.match(String(reply.status), /^50[234]$/);
    t.equal(reply.message?.id, 1);
    const next = await until(
      async () => {
        const pid = await value('stdio', 'pid');
        return typeof pid === 'number' ? pid : false;
      },
      { timeoutMs: 10_000, everyMs: 200, what: 'a new child' },
    );
    t.not(next, childPid);
    t.equal(await value('module'), 1, 'the module beside it never noticed');
    await untilIdle(gateway);
  },
);

t.test('when the primary is killed, everything below it ends and the port is free', async (t) => {
  const { gateway, upstream, call, value } = await bench(t);
  await value('stdio', 'pid');
  upstream.onCall(() => ({ kind: 'hang' }));
  const cut = Promise.allSettled([call('http'), call('http')]);
  await upstream.untilCalls(2);
  const below = gateway.program.tree();
  t.ok(below.length >= 4, `two workers, a host and a child: ${below.length}`);
  gateway.program.kill('SIGKILL');
  await untilGone(below, 10_000);
  await within(10_000, 'the end of calls in flight', cut);
  t.notOk(below.some(isRunning));
  t.ok(await canListen(gateway.port), 'the port is free');
  await until(() => upstream.inFlight() === 0, { timeoutMs: 5000, what: 'an idle upstream' });
});

t.test('SIGTERM lets calls in flight finish, refuses new ones, and exits 0', async (t) => {
  const { gateway, upstream, call } = await bench(t);
  upstream.onCall(() => ({ kind: 'answer', delayMs: 1500 }));
  const before = Array.from({ length: 10 }, (_, i) => call('http', 'echo', { value: i }));
  await upstream.untilCalls(10);
  const below = gateway.program.tree();
  const stopped = gateway.stop();
  await untilDraining(gateway);
  const late = await call('http').catch((error: unknown) => error as NodeJS.ErrnoException);
  if (late instanceof Error) t.match(late.code, /ECONNREFUSED|ECONNRESET/);
  else t.equal(late.status, 503);
  const replies = await Promise.all(before);
  t.strictSame(
    replies.map(({ status, message }) => [status, message?.result?.content?.[0]?.text]),
    Array.from({ length: 10 }, (_, i) => [200, String(i)]),
  );
  t.strictSame(await stopped, { code: 0, signal: null });
  await untilGone(below, 5000);
  t.ok(await canListen(gateway.port));
});

t.test('a second SIGTERM does not wait for calls in flight', async (t) => {
  const { gateway, upstream, call } = await bench(t);
  upstream.onCall(() => ({ kind: 'hang' }));
  const cut = Promise.allSettled([call('http')]);
  await upstream.untilCalls(1);
  const below = gateway.program.tree();
  gateway.program.kill('SIGTERM');
  await untilDraining(gateway);
  gateway.program.kill('SIGTERM');
  const exit = await within(4000, 'an end before the drain time is over', gateway.program.exited);
  t.strictSame(exit, { code: 0, signal: null });
  await within(5000, 'the end of the call in flight', cut);
  await untilGone(below, 5000);
});

t.test('a second gateway on the same port exits 75 and names the first', async (t) => {
  const { gateway, value } = await bench(t);
  const config = { servers: { module: { module: support('echo-module.mjs') } } };
  const { code, output } = await failedStart({ config, port: gateway.port });
  t.equal(code, 75, output);
  t.match(output, new RegExp(`\\b${gateway.pid}\\b`), 'it names the pid');
  t.match(output, new RegExp(`\\b${gateway.port}\\b`), 'and the port');
  t.equal(await value('module'), 1, 'the first serves on');
});
