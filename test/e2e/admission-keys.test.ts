/** Limits of API keys: they replace their user's, hold over all workers, and change while it runs. */
import t from 'tap';
import {
  admissionBench,
  type AdmissionBench,
  type TimedReply,
} from '../support/admission-bench.js';
import { waitAsTold } from '../support/open-loop.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

const isOk = ({ status }: TimedReply): boolean => status === 200;

interface Key {
  readonly id: string;
  readonly key: string;
}

async function makeKey({ gateway }: AdmissionBench, ...limits: string[]): Promise<Key> {
  const made = await gateway.cli(['keys', 'create', '--json', '--user', 'ana', ...limits]);
  if (made.code !== 0) throw new Error(made.output);
  return JSON.parse(made.stdout) as Key;
}

t.test("a key's own rate replaces its user's, and a change reaches every worker", async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 2, perUserLimit: 4, maxConcurrentRequestsPerUser: 100 },
    servers: { one: {} },
  });
  const { call, gateway, upstream } = bench;
  const own = await makeKey(bench, '--rate', '8');
  const plain = await makeKey(bench);
  /** How many of thirty calls pass, and the most that may: a window's worth for each second it took. */
  const burst = async (key: string, perSecond: number) => {
    const startedAtMs = performance.now();
    const replies = await Promise.all(
      Array.from({ length: 30 }, () => call('ana', 'one', { key })),
    );
    const windows = 1 + Math.ceil((performance.now() - startedAtMs) / 1000);
    const passed = replies.filter(isOk).length;
    return { replies, passed, isWithin: passed >= 1 && passed <= windows * perSecond };
  };

  const { replies, passed, isWithin } = await burst(own.key, 8);
  t.ok(isWithin && passed >= 8, `8 a second, not the user's 4: ${passed}`);
  t.equal(upstream.calls('one'), passed);
  const refused = replies.find((reply) => !isOk(reply));
  t.match(refused?.message?.error?.data, { reason: 'GW_RATE_LIMITED', policy: 'key-rate' });
  t.equal(refused?.headers['ratelimit-policy'], '"key";q=8;w=1');
  t.match(refused?.headers['ratelimit'], /^"key";r=0;t=1$/);
  const ofUser = await burst(plain.key, 4);
  t.ok(ofUser.isWithin, `another key of the user still has the user's: ${ofUser.passed}`);

  const updated = await gateway.cli(['keys', 'update', own.id, '--rate', '2']);
  t.equal(updated.code, 0, updated.output);
  await until(
    async () =>
      (await call('ana', 'one', { key: own.key })).headers['ratelimit-policy'] === '"key";q=2;w=1',
    { timeoutMs: 10_000, what: 'the new rate' },
  );
  await waitAsTold(1);
  const after = await burst(own.key, 2);
  t.ok(after.isWithin, `2 a second without a restart: ${after.passed}`);
});

t.test("a key's own budget of concurrent calls replaces its user's", async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 2, maxConcurrentRequestsPerUser: 3, queueTimeout: 30_000 },
    servers: { one: {} },
  });
  const { call, gateway, upstream, health } = bench;
  upstream.onCall(() => ({ delayMs: 300 }));
  const own = await makeKey(bench, '--concurrency', '6');
  const many = () =>
    Promise.all(Array.from({ length: 24 }, () => call('ana', 'one', { key: own.key })));

  t.ok((await many()).every(isOk), 'who waits is served');
  t.equal(upstream.peaks().total, 6, 'six at once, over both workers, and never more');

  const updated = await gateway.cli(['keys', 'update', own.id, '--concurrency', '2']);
  t.equal(updated.code, 0, updated.output);
  await until(async () => (await health()).connectionPool.users === 0, {
    timeoutMs: 30_000,
    what: 'nothing held by anyone',
  });
  upstream.forget();
  t.ok((await many()).every(isOk));
  t.equal(upstream.peaks().total, 2, 'lowered while it runs');

  const raised = await gateway.cli(['keys', 'update', own.id, '--concurrency', '4']);
  t.equal(raised.code, 0, raised.output);
  upstream.forget();
  t.ok((await many()).every(isOk));
  t.equal(upstream.peaks().total, 4, 'and raised');
});

t.test('a refusal names the budget of the key', async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 1, queueTimeout: 300 },
    servers: { one: {} },
  });
  const { call, upstream } = bench;
  upstream.onCall(() => ({ delayMs: 3000 }));
  const { key } = await makeKey(bench, '--concurrency', '1');
  const first = call('ana', 'one', { key });
  await until(() => upstream.inFlight() === 1, { timeoutMs: 10_000, what: 'the first call' });
  const second = await call('ana', 'one', { key });
  t.equal(second.status, 429);
  t.match(second.message?.error?.data, { reason: 'GW_USER_BUSY', policy: 'key-budget' });
  t.equal(second.headers['retry-after'], '1');
  t.ok(isOk(await first));
});
