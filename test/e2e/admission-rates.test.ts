/**
 * Rate limits as callers meet them: exact over all workers, told truthfully in headers, and felt only
 * by whoever exceeds them.
 */
import t from 'tap';
import { admissionBench, quantile, type TimedReply } from '../support/admission-bench.js';
import { openLoop, waitAsTold } from '../support/open-loop.js';

t.setTimeout(180_000);

const isOk = ({ status }: TimedReply): boolean => status === 200;

t.test('a burst of one user passes its limit exactly, over all workers', async (t) => {
  const { call, upstream } = await admissionBench(t, {
    global: { workers: 4, perUserLimit: 10, maxConcurrentRequestsPerUser: 100 },
    servers: { one: {} },
  });
  const warm = await Promise.all(Array.from({ length: 8 }, (_, i) => call(`warm${i}`, 'one')));
  t.ok(warm.every(isOk));
  upstream.forget();
  const replies = await Promise.all(Array.from({ length: 60 }, () => call('ana', 'one')));
  const refused = replies.filter((reply) => !isOk(reply));
  t.equal(upstream.calls('one'), replies.filter(isOk).length);
  t.ok(upstream.calls('one') <= 10 + 2, `${upstream.calls('one')} of 60`);
  t.ok(upstream.calls('one') >= 10);
  for (const { status, headers, message } of refused.slice(0, 5)) {
    t.equal(status, 429);
    t.equal(headers['retry-after'], '1');
    t.match(headers['ratelimit-policy'], /^"user";q=10;w=1$/);
    t.match(headers['ratelimit'], /^"user";r=0;t=1$/);
    t.match(message?.error?.data, { reason: 'GW_RATE_LIMITED', policy: 'user-rate' });
  }
  await waitAsTold(1);
  const later = await Promise.all(Array.from({ length: 10 }, () => call('ana', 'one')));
  t.ok(later.every(isOk), 'who waits as told is admitted');
});

t.test(
  "a server's own bucket replaces the common limit, and says when there is more",
  async (t) => {
    const { call } = await admissionBench(t, {
      global: { workers: 2, perServerLimit: 1000 },
      servers: { slow: { rateLimit: { requestsPerMinute: 30, burstSize: 5 } }, free: {} },
    });
    const first = await Promise.all(Array.from({ length: 12 }, (_, i) => call(`u${i}`, 'slow')));
    t.equal(first.filter(isOk).length, 5);
    const refused = first.find((reply) => !isOk(reply));
    t.match(refused?.message?.error?.data, { reason: 'GW_RATE_LIMITED', policy: 'server-rate' });
    const retryAfter = Number(refused?.headers['retry-after']);
    t.ok(retryAfter >= 1 && retryAfter <= 3, `one token comes every 2 s: ${retryAfter}`);
    t.match(refused?.headers['ratelimit-policy'], /^"server";q=30;w=60$/);
    t.equal((await call('ana', 'free')).status, 200);
    await waitAsTold(retryAfter);
    t.equal((await call('ana', 'slow')).status, 200, 'who waits as told is admitted');
  },
);

t.test("the gateway's bucket holds over all servers", async (t) => {
  const { call } = await admissionBench(t, {
    global: { workers: 4, rateLimitTokens: 20 },
    servers: { a: {}, b: {} },
  });
  const startedAtMs = performance.now();
  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, i) => call(`u${i}`, i % 2 === 0 ? 'a' : 'b')),
  );
  const passed = replies.filter(isOk).length;
  const most = 20 + (20 * (performance.now() - startedAtMs)) / 1000;
  t.ok(passed >= 20 && passed <= most, `${passed} of at most ${most.toFixed(1)}`);
});

t.test(
  'a noisy user at 20 times its limit gets its limit; nine quiet ones notice nothing',
  async (t) => {
    const { call, metrics } = await admissionBench(t, {
      global: { workers: 2, perUserLimit: 10, perServerLimit: 1000 },
      servers: { one: {} },
    });
    const quiet = Array.from({ length: 9 }, (_, i) => `quiet${i}`);
    for (const user of [...quiet, 'noisy']) await call(user, 'one');
    await waitAsTold(1);
    const quietLoad = (forMs: number) =>
      Promise.all(quiet.map((user) => openLoop(() => call(user, 'one'), { everyMs: 200, forMs })));
    const alone = (await quietLoad(5000)).flat();
    const seconds = 10;
    const [beside, noisy] = await Promise.all([
      quietLoad(seconds * 1000),
      openLoop(() => call('noisy', 'one'), { everyMs: 5, forMs: seconds * 1000 }),
    ]);
    const quietReplies = beside.flat();
    t.equal(quietReplies.filter((reply) => !isOk(reply)).length, 0, 'quiet users see no error');
    const passed = noisy.filter(isOk).length;
    const due = 10 * seconds;
    t.ok(passed >= due * 0.95 && passed <= due * 1.05 + 10, `the noisy one: ${passed} of ${due}`);
    t.ok(
      noisy.every(
        (reply) => isOk(reply) || (reply.status === 429 && reply.headers['retry-after'] === '1'),
      ),
      'and every refusal tells it when to come back',
    );
    const p99 = (replies: readonly TimedReply[]) =>
      quantile(
        replies.map(({ elapsedMs }) => elapsedMs),
        0.99,
      ).toFixed(1);
    t.comment(
      `p99 of quiet users: ${p99(alone)} ms alone, ${p99(quietReplies)} ms beside the noisy one`,
    );
    const series = await metrics();
    const refused = series.get(
      'multi_mcp_rate_limit_decisions_total{policy="user-rate",decision="refused"}',
    );
    t.ok((refused ?? 0) > 1000, `seen in /metrics: ${refused ?? 0}`);
  },
);
