/**
 * Parts of the gateway die, and the rest goes on: nothing is lost but what the dead part held, nothing
 * is left running, nothing is left counted. Each fault hits a gateway with calls in flight.
 */
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startProgram } from '../support/child-program.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { canListen, freePort } from '../support/free-port.js';
import { health, pids, untilIdle, type Health } from '../support/gateway-health.js';
import { modernCall, rpc, type RpcReply } from '../support/json-rpc.js';
import { isRunning, processRef, untilGone } from '../support/process-tree.js';
import { repository } from '../support/repository.js';
import {
  failedStart,
  gatewayEnvironment,
  gatewayFiles,
  MAIN,
  startGateway,
  type Gateway,
} from '../support/start-gateway.js';
import { NO_PRLIMIT, setFileLimit } from '../support/take-all-files.js';
import { until, within } from '../support/until.js';

t.setTimeout(300_000);

const support = (name: string): string => join(repository, 'test', 'support', name);

/** Every call on a connection of its own: they spread over the workers, and none meets an idle one's end. */
const agent = new Agent({ keepAlive: false });

/** Far longer than anything here takes, so that a test on a slow machine ends before the drain does. */
const DRAIN_MS = 60_000;
const SOON_MS = 30_000;

/** What a client sees of a connection that dies, or of a port nobody listens at. */
const CUT_OFF = /^(ECONNREFUSED|ECONNRESET|EPIPE)$/;

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
      http: { drainTimeout: DRAIN_MS },
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
    const url = gateway.endpoint(server);
    const reply = rpc({ url, key, agent, ...modernCall(1, name, args) });
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
      if (now.status === 'healthy' && isDue(now)) return now;
      throw new Error(JSON.stringify(now)); // Shown when time is over.
    },
    { timeoutMs: 60_000, everyMs: 100, what: 'a healthy gateway' },
  );

const untilInFlight = (gateway: Gateway, count: number): Promise<true> =>
  until(async () => (await health(gateway)).connectionPool.inFlight === count, {
    timeoutMs: SOON_MS,
    everyMs: 50,
    what: `${count} in flight`,
  });

/** A test's own moment, for answers that must come after something else. */
function moment(): { readonly come: () => void; readonly hasCome: Promise<void> } {
  let come = (): void => undefined;
  const hasCome = new Promise<void>((resolve) => {
    come = resolve;
  });
  return { come, hasCome };
}

/** Its listeners are closed, or say that they will be. */
const untilDraining = (gateway: Gateway): Promise<true> =>
  until(
    () =>
      fetch(`${gateway.url}/readyz`).then(
        ({ ok }) => !ok,
        () => true,
      ),
    { timeoutMs: SOON_MS, what: 'the drain to begin' },
  );

t.test('a killed worker is replaced, and only its own calls are lost', async (t) => {
  const { gateway, upstream, call, value } = await bench(t);
  const [victim = 0] = pids((await untilHealthy(gateway)).workers);
  const { come: answerNow, hasCome } = moment();
  upstream.onCall(() => ({ kind: 'answer', after: hasCome }));
  const calls = Array.from({ length: 40 }, (_, i) => call('http', 'echo', { value: i }));
  await upstream.untilCalls(40);
  const killed = processRef(victim);
  process.kill(victim, 'SIGKILL');
  if (killed !== undefined) await untilGone([killed], SOON_MS);
  answerNow();
  const outcomes = await Promise.allSettled(calls);

  const answered = outcomes.filter(({ status }) => status === 'fulfilled').length;
  t.ok(answered > 0, 'the other worker answers its calls');
  t.ok(answered < 40, 'those of the killed one are cut off');
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') {
      t.match((outcome.reason as NodeJS.ErrnoException).code, CUT_OFF);
      continue;
    }
    t.equal(outcome.value.message?.result?.content?.[0]?.text, String(i), 'answers stay right');
  }
  await untilHealthy(
    gateway,
    ({ workers }) => pids(workers).length === 2 && !pids(workers).includes(victim),
  );
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
    await untilInFlight(gateway, 2);
    process.kill(Number(hostPid), 'SIGKILL');
    for (const reply of await within(20_000, 'an answer to lost calls', Promise.all(lost))) {
      t.match(String(reply.status), /^50[234]$/);
      t.equal(reply.message?.id, 1, 'the error names its request');
      t.type(reply.message?.error?.message, 'string');
    }
    t.equal(await value('http'), 1, 'HTTP upstreams never noticed');
    await untilHealthy(
      gateway,
      ({ upstreamHosts: hosts }) => pids(hosts).length === 1 && pids(hosts)[0] !== hostPid,
    );
    t.equal(await value('module'), 1);
    t.equal(await value('stdio'), 1);
    if (child !== undefined) await untilGone([child], SOON_MS);
    await untilIdle(gateway);
  },
);

t.test(
  'a killed stdio child fails its calls at once, and the next call starts another',
  async (t) => {
    const { gateway, value, call } = await bench(t);
    const childPid = Number(await value('stdio', 'pid'));
    const lost = call('stdio', 'echo', { value: 1, delayMs: 30_000 });
    await until(async () => (await value('stdio', 'executions')) === 1, {
      timeoutMs: SOON_MS,
      everyMs: 50,
      what: 'the call at the child',
    });
    process.kill(childPid, 'SIGKILL');
    const reply = await within(20_000, 'an answer to the lost call', lost);
    t.match(String(reply.status), /^50[234]$/);
    t.equal(reply.message?.id, 1);
    const next = await until(
      async () => {
        const pid = await value('stdio', 'pid');
        return typeof pid === 'number' ? pid : false;
      },
      { timeoutMs: SOON_MS, everyMs: 200, what: 'a new child' },
    );
    t.not(next, childPid);
    t.equal(await value('module'), 1, 'the module beside it never noticed');
    await untilIdle(gateway);
  },
);

t.test(
  'a primary that can start no process for want of files goes on, and starts it later',
  async (t) => {
    const { gateway, value } = await bench(t);
    const before = await health(gateway);
    const [lost = 0, ...stays] = pids(before.workers);
    const [host = 0] = pids(before.upstreamHosts);
    try {
      setFileLimit(gateway.pid, 3);
    } catch {
      t.pass('skipped', { skip: NO_PRLIMIT });
      return;
    }
    process.kill(lost, 'SIGKILL');
    process.kill(host, 'SIGKILL');
    for (const news of [/worker \d cannot be started/, /upstream host 0 cannot be started/]) {
      await until(async () => news.test(await gateway.logs()), {
        timeoutMs: SOON_MS,
        everyMs: 100,
        what: news.source,
      });
    }
    t.equal(await value('http'), 1, 'the worker that is left serves');
    setFileLimit(gateway.pid, 4096);
    const after = await until(
      async () => {
        const now = await health(gateway);
        return pids(now.workers).length === 2 && pids(now.upstreamHosts).length === 1 ? now : false;
      },
      { timeoutMs: 2 * SOON_MS, everyMs: 200, what: 'all processes' },
    );
    t.ok(pids(after.workers).includes(stays[0] ?? 0), 'the one that was not killed is still there');
    t.equal(await value('module'), 1);
    t.notOk(gateway.program.hasExited());
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
  await untilGone(below, SOON_MS);
  await within(SOON_MS, 'the end of calls in flight', cut);
  t.notOk(below.some(isRunning));
  t.ok(await canListen(gateway.port), 'the port is free');
  await until(() => upstream.inFlight() === 0, { timeoutMs: SOON_MS, what: 'an idle upstream' });
});

t.test(
  'a killed primary lets calls in flight finish, and another may start meanwhile',
  async (t) => {
    const { gateway, upstream, call, value } = await bench(t);
    await value('stdio', 'pid');
    const { come: answerNow, hasCome } = moment();
    upstream.onCall(() => ({ kind: 'answer', after: hasCome }));
    const calls = [call('http', 'echo', { value: 1 }), call('http', 'echo', { value: 2 })];
    await upstream.untilCalls(2);
    const below = gateway.program.tree();
    gateway.program.kill('SIGKILL');
    await until(() => canListen(gateway.port), { timeoutMs: SOON_MS, what: 'a free port' });
    answerNow();
    const replies = await within(SOON_MS, 'the end of calls in flight', Promise.all(calls));
    t.strictSame(
      replies.map(({ status }) => status),
      [200, 200],
    );
    await untilGone(below, SOON_MS);
  },
);

t.test('SIGTERM lets calls in flight finish, refuses new ones, and exits 0', async (t) => {
  const { gateway, upstream, call } = await bench(t);
  const { come: answerNow, hasCome } = moment();
  upstream.onCall(({ message }) => {
    const isLate = message?.params?.arguments?.['value'] === 'late';
    return isLate ? { kind: 'answer' } : { kind: 'answer', after: hasCome };
  });
  const before = Array.from({ length: 10 }, (_, i) => call('http', 'echo', { value: i }));
  await upstream.untilCalls(10);
  const below = gateway.program.tree();
  const stopped = gateway.stop();
  await untilDraining(gateway);
  // It says so before the last worker has heard of it: until then a new call is served.
  const isRefused = async (): Promise<boolean> => {
    try {
      const { status } = await call('http', 'echo', { value: 'late' });
      if (status === 200) return false;
      t.equal(status, 503);
    } catch (error) {
      t.match((error as NodeJS.ErrnoException).code, CUT_OFF);
    }
    return true;
  };
  await until(isRefused, { timeoutMs: SOON_MS, what: 'a refusal of new calls' });
  answerNow();
  const replies = await Promise.all(before);
  t.strictSame(
    replies.map(({ status, message }) => [status, message?.result?.content?.[0]?.text]),
    Array.from({ length: 10 }, (_, i) => [200, String(i)]),
  );
  t.strictSame(await stopped, { code: 0, signal: null });
  await untilGone(below, SOON_MS);
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
  const end = 'an end before the drain time is over';
  const exit = await within(DRAIN_MS / 2, end, gateway.program.exited);
  t.strictSame(exit, { code: 0, signal: null });
  await within(SOON_MS, 'the end of the call in flight', cut);
  await untilGone(below, SOON_MS);
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

t.test(
  'a gateway whose standard output nobody reads any more serves, and so do modules that print',
  async (t) => {
    const files = await gatewayFiles({
      global: { workers: 1 },
      auth: { required: false },
      servers: { prints: { module: './prints.mjs' } },
    });
    t.teardown(() => files.remove());
    await writeFile(
      join(files.directory, 'prints.mjs'),
      `export default () => ({ name: 'prints', version: '1.0.0', tools: [{
      name: 'print', description: 'Prints', inputSchema: { type: 'object', properties: {} },
      handler: async () => {
        process.stdout.write('out\\n');
        await new Promise((resolve) => setImmediate(resolve));
        return 'printed';
      },
    }] });`,
    );
    const port = await freePort();
    const program = startProgram({
      // Its pipe's reader ends at once.
      command: 'bash',
      args: ['-c', 'exec "$0" "$1" > >(exit 0)', process.execPath, MAIN],
      env: gatewayEnvironment(files, port),
      cwd: files.directory,
    });
    t.teardown(() => program.destroy());
    const url = `http://127.0.0.1:${port}`;
    await until(async () => program.hasExited() || (await fetch(`${url}/readyz`)).ok, {
      timeoutMs: SOON_MS,
      what: 'a ready gateway',
    });
    for (const id of [1, 2, 3]) {
      const reply = await rpc({ url: `${url}/prints/mcp`, ...modernCall(id, 'print', {}) });
      t.equal(reply.status, 200, reply.text);
    }
    t.notOk(program.hasExited(), program.output());
    program.kill('SIGTERM');
    t.strictSame(await within(SOON_MS, 'its end', program.exited), { code: 0, signal: null });
  },
);
