/** Limits of grants: over all keys and tokens of a user on a server, on all workers, changed while it runs. */
import t from 'tap';
import {
  admissionBench,
  type AdmissionBench,
  type CallOptions,
  type TimedReply,
} from '../support/admission-bench.js';
import { waitAsTold } from '../support/open-loop.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

const isOk = ({ status }: TimedReply): boolean => status === 200;

async function cli({ gateway }: AdmissionBench, ...args: string[]): Promise<string> {
  const done = await gateway.cli(args);
  if (done.code !== 0) throw new Error(done.output);
  return done.stdout;
}

async function makeKey(bench: AdmissionBench, ...limits: string[]): Promise<string> {
  const made = await cli(bench, 'keys', 'create', '--json', '--user', 'ana', ...limits);
  return (JSON.parse(made) as { key: string }).key;
}

/** Thirty calls at once; the most that may pass is a window's worth for each second it took. */
async function burst({ call }: AdmissionBench, server: string, options: CallOptions = {}) {
  const startedAtMs = performance.now();
  const replies = await Promise.all(Array.from({ length: 30 }, () => call('ana', server, options)));
  const windows = 1 + Math.ceil((performance.now() - startedAtMs) / 1000);
  const passed = replies.filter(isOk).length;
  const refused = replies.find((reply) => !isOk(reply));
  return { passed, refused, isWithin: (perSecond: number) => passed <= windows * perSecond };
}

t.test("a grant's rate counts all keys and tokens of its user on its server", async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 2, perUserLimit: 4, maxConcurrentRequestsPerUser: 100 },
    servers: { one: {}, two: {} },
  });
  const key = await makeKey(bench);
  await cli(bench, 'grants', 'set', 'ana', 'one', '--rate', '9');

  const [ofToken, ofKey] = await Promise.all([burst(bench, 'one'), burst(bench, 'one', { key })]);
  const passed = ofToken.passed + ofKey.passed;
  t.ok(passed >= 9 && (ofToken.isWithin(9) || ofKey.isWithin(9)), `9 a second: ${passed}`);
  t.equal(bench.upstream.calls('one'), passed);
  const refused = ofToken.refused ?? ofKey.refused;
  t.match(refused?.message?.error?.data, { reason: 'GW_RATE_LIMITED', policy: 'grant-rate' });
  t.equal(refused?.headers['ratelimit-policy'], '"grant";q=9;w=1');
  const elsewhere = await burst(bench, 'two');
  t.equal(elsewhere.refused?.headers['ratelimit-policy'], '"user";q=4;w=1', 'no grant there');

  await cli(bench, 'grants', 'set', 'ana', 'one', '--rate', '2');
  await waitAsTold(1);
  const after = await burst(bench, 'one');
  t.ok(after.passed >= 1 && after.isWithin(2), `2 a second without a restart: ${after.passed}`);
  t.equal(after.refused?.headers['ratelimit-policy'], '"grant";q=2;w=1');

  await cli(bench, 'grants', 'remove', 'ana', 'one');
  await cli(bench, 'grants', 'set', 'ana', '*', '--rate', '3');
  await waitAsTold(1);
  const ofOne = await burst(bench, 'one');
  const ofTwo = await burst(bench, 'two');
  t.equal(ofOne.refused?.headers['ratelimit-policy'], '"grant";q=3;w=1');
  t.ok(ofOne.passed + ofTwo.passed <= 3 * 6, 'one account for all servers of the grant');
});

t.test("a grant's concurrent calls are exact over keys, tokens and workers", async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 2, maxConcurrentRequestsPerUser: 2, queueTimeout: 60_000 },
    servers: { one: {} },
  });
  const { call, upstream, health } = bench;
  upstream.onCall(() => ({ delayMs: 200 }));
  const narrow = await makeKey(bench, '--concurrency', '3');
  const wide = await makeKey(bench, '--concurrency', '50');
  const many = () =>
    Promise.all(
      Array.from({ length: 48 }, (_, i) =>
        call('ana', 'one', [{}, { key: narrow }, { key: wide }][i % 3]),
      ),
    );
  const atRest = () =>
    until(async () => (await health()).connectionPool.users === 0, {
      timeoutMs: 30_000,
      what: 'nothing held by anyone',
    });

  await cli(bench, 'grants', 'set', 'ana', 'one', '--concurrency', '7');
  t.ok((await many()).every(isOk), 'who waits is served');
  t.equal(upstream.peaks().total, 7, 'seven at once, in all, and never more');
  await atRest();
  upstream.forget();
  await Promise.all(Array.from({ length: 12 }, () => call('ana', 'one', { key: narrow })));
  t.equal(upstream.peaks().total, 3, 'of them three of the key that has a limit of its own');

  await cli(bench, 'grants', 'set', 'ana', 'one', '--concurrency', '2');
  await atRest();
  upstream.forget();
  t.ok((await many()).every(isOk));
  t.equal(upstream.peaks().total, 2, 'lowered while it runs');
  await cli(bench, 'grants', 'set', 'ana', 'one', '--concurrency', '5');
  upstream.forget();
  t.ok((await many()).every(isOk));
  t.equal(upstream.peaks().total, 5, 'and raised');
});

t.test('a change holds on every worker when the command returns', async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 4, perUserLimit: 900, queueTimeout: 30_000 },
    servers: { one: {} },
  });
  const seen = async () => {
    const replies = await Promise.all(Array.from({ length: 24 }, () => bench.call('ana', 'one')));
    t.ok(replies.every(isOk));
    return [...new Set(replies.map(({ headers }) => headers['ratelimit-policy']))];
  };
  t.same(await seen(), ['"user";q=900;w=1']);
  for (const rate of ['800', '700']) {
    await cli(bench, 'grants', 'set', 'ana', 'one', '--rate', rate);
    t.same(await seen(), [`"grant";q=${rate};w=1`]);
  }
  await cli(bench, 'grants', 'remove', 'ana', 'one');
  t.same(await seen(), ['"user";q=900;w=1']);
});
