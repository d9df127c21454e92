/**
 * The budgets hold exactly over all workers, through the death of some, and are used to the full: an
 * upstream writes down what really reached it.
 */
import t, { type Test } from 'tap';
import {
  admissionBench,
  type AdmissionBench,
  type TimedReply,
} from '../support/admission-bench.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

const TOTAL = 500;
const PER_SERVER = 50;
const PER_USER = 10;

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

interface Outcomes {
  readonly answered: number;
  readonly refused: number;
  /** Whose token could not be verified in time: a thousand new ones at once on a busy machine. */
  readonly unproven: number;
  readonly lost: number;
  readonly replies: readonly TimedReply[];
}

const isUnproven = ({ message }: TimedReply): boolean =>
  message?.error?.data?.['reason'] === 'GW_STORE_UNAVAILABLE';

async function outcomesOf(calls: readonly Promise<TimedReply>[]): Promise<Outcomes> {
  const settled = await Promise.allSettled(calls);
  const replies = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const answered = replies.filter(({ status }) => status === 200).length;
  const unproven = replies.filter(isUnproven).length;
  return {
    answered,
    refused: replies.length - answered - unproven,
    unproven,
    lost: settled.length - replies.length,
    replies,
  };
}

function checkPeaks(t: Test, { upstream }: AdmissionBench): void {
  const peaks = upstream.peaks();
  t.ok(peaks.total <= TOTAL, `total: ${peaks.total}`);
  const connections = upstream.connectionsPeak();
  t.ok(connections <= TOTAL, `connections: ${connections}`);
  for (const [server, peak] of peaks.byServer) t.ok(peak <= PER_SERVER, `${server}: ${peak}`);
  const worst = Math.max(...peaks.byUser.values());
  t.ok(worst <= PER_USER, `a user: ${worst}`);
}

function checkRefusals(t: Test, replies: readonly TimedReply[]): void {
  const wrong = replies
    .filter((reply) => !isUnproven(reply))
    .filter(
      ({ status, headers, message }) =>
        status !== 200 &&
        !(
          (status === 429 || status === 503) &&
          headers['retry-after'] !== undefined &&
          typeof message?.error?.data?.['policy'] === 'string'
        ),
    );
  const shown = wrong.slice(0, 3).map(({ status, text }) => [status, text]);
  t.strictSame(shown, [], 'every refusal says which policy and when to come back');
}

async function killTwoWorkers({ health }: AdmissionBench): Promise<void> {
  const { workers } = await health();
  const pids = workers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  for (const pid of pids.slice(0, 2)) process.kill(pid, 'SIGKILL');
}

async function untilAllBack({ health }: AdmissionBench): Promise<number> {
  const startedAtMs = performance.now();
  await until(
    async () => {
      const { connectionPool } = await health();
      return connectionPool.leased === 0 && connectionPool.queued === 0;
    },
    { timeoutMs: 10_000, everyMs: 20, what: 'all slots back' },
  );
  return performance.now() - startedAtMs;
}

t.test('600 slow calls of 60 users on 12 servers, two of four workers killed', async (t) => {
  const servers = names('s', 12);
  const bench = await admissionBench(t, {
    global: { workers: 4, queueTimeout: 20_000 },
    servers: Object.fromEntries(servers.map((name) => [name, {}])),
  });
  const { upstream, call } = bench;
  // Long enough for half of them to be there at once, however slowly they are sent.
  upstream.onCall(() => ({ delayMs: 3000 }));
  const calls = names('user', 60).flatMap((user, u) =>
    Array.from({ length: 10 }, (_, i) =>
      call(user, servers[(u + i) % servers.length] ?? '', { value: u * 10 + i }),
    ),
  );
  for (const each of calls) each.catch(() => undefined); // Looked at below; some end before that.
  await until(() => upstream.peaks().total >= 300, { timeoutMs: 20_000, what: '300 at once' });
  await killTwoWorkers(bench);
  const { answered, lost, replies } = await outcomesOf(calls);
  checkPeaks(t, bench);
  checkRefusals(t, replies);
  t.ok(answered + lost === 600, `answered ${answered}, lost ${lost} with their workers`);
  t.equal(new Set(upstream.executed).size, upstream.executed.length, 'nothing ran twice');
  const backMs = await untilAllBack(bench);
  t.comment(`everything is back after ${Math.round(backMs)} ms`);
  t.equal(upstream.inFlight(), 0);

  upstream.forget();
  // Long enough for all to be there at once, however slowly they are sent.
  upstream.onCall(() => ({ delayMs: 4000 }));
  const again = await outcomesOf(
    names('user', 60).flatMap((user, u) =>
      Array.from({ length: 10 }, (_, i) => call(user, servers[(u + i) % servers.length] ?? '')),
    ),
  );
  t.equal(again.answered, 600, 'and everything is served again');
  checkPeaks(t, bench);
  const peaks = upstream.peaks();
  t.ok(peaks.total > TOTAL * 0.9, `the total is used: ${peaks.total}`);
});

t.test('10,000 calls of 1,000 users at once, two of four workers killed', async (t) => {
  const servers = names('s', 12);
  const bench = await admissionBench(t, {
    global: { workers: 4, queueMaxSize: 10_000, queueTimeout: 60_000 },
    servers: Object.fromEntries(servers.map((name) => [name, {}])),
  });
  const { upstream, call } = bench;
  upstream.onCall(() => ({ delayMs: 250 }));
  const calls = names('user', 1000).flatMap((user, u) =>
    Array.from({ length: 10 }, (_, i) =>
      call(user, servers[(u + i) % servers.length] ?? '', { value: u * 10 + i }),
    ),
  );
  for (const each of calls) each.catch(() => undefined);
  await until(() => upstream.peaks().total >= TOTAL, { timeoutMs: 60_000, what: 'a full house' });
  await killTwoWorkers(bench);
  const { answered, refused, lost, replies } = await outcomesOf(calls);
  checkPeaks(t, bench);
  checkRefusals(t, replies);
  t.equal(upstream.peaks().total, TOTAL, 'the budget is used to the full');
  t.equal(refused, 0);
  t.comment(`answered ${answered}, lost ${lost} with their workers`);
  t.ok(answered > 3000, 'the other workers answer theirs');
  t.equal(new Set(upstream.executed).size, upstream.executed.length, 'nothing ran twice');
  const backMs = await untilAllBack(bench);
  t.comment(`everything is back after ${Math.round(backMs)} ms`);
});

t.test(
  '10,000 calls at once with the default queue: answers, or refusals that say why',
  async (t) => {
    const servers = names('s', 12);
    const bench = await admissionBench(t, {
      global: { workers: 4 },
      servers: Object.fromEntries(servers.map((name) => [name, {}])),
    });
    const { upstream, call } = bench;
    upstream.onCall(() => ({ delayMs: 250 }));
    const calls = names('user', 1000).flatMap((user, u) =>
      Array.from({ length: 10 }, (_, i) => call(user, servers[(u + i) % servers.length] ?? '')),
    );
    const { answered, refused, lost, replies } = await outcomesOf(calls);
    checkPeaks(t, bench);
    checkRefusals(t, replies);
    t.equal(lost, 0, 'no connection is broken');
    t.ok(answered >= TOTAL, `answered ${answered}, refused ${refused}`);
    await untilAllBack(bench);
  },
);

t.test('one server gives all its slots to whoever waits, on whatever worker', async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 4, queueTimeout: 20_000 },
    servers: { one: {} },
  });
  const { upstream, call } = bench;
  upstream.onCall(() => ({ delayMs: 100 }));
  const calls = names('user', 40).flatMap((user) =>
    Array.from({ length: 10 }, () => call(user, 'one')),
  );
  const startedAtMs = performance.now();
  const { answered } = await outcomesOf(calls);
  const elapsedMs = performance.now() - startedAtMs;
  t.equal(answered, 400);
  checkPeaks(t, bench);
  t.equal(upstream.peaks().byServer.get('one'), PER_SERVER, 'it is used to the full');
  // 400 calls at 50 at once take 8 rounds of 100 ms.
  t.comment(`8 rounds of 100 ms took ${Math.round(elapsedMs)} ms`);
  await untilAllBack(bench);
});

t.test('a user at the limit waits, and only that user', async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 2, queueTimeout: 10_000 },
    servers: { a: {}, b: {} },
  });
  const { upstream, call } = bench;
  upstream.onCall(() => ({ delayMs: 400 }));
  const busy = Array.from({ length: 25 }, (_, i) => call('busy', i % 2 === 0 ? 'a' : 'b'));
  await until(() => upstream.peaks().byUser.get('busy') === PER_USER, {
    timeoutMs: 5000,
    what: 'the user at the limit',
  });
  const quiet = await call('quiet', 'a');
  t.equal(quiet.status, 200);
  t.ok(upstream.executed.length < 25, 'it did not wait for the busy one');
  const { answered } = await outcomesOf(busy);
  t.equal(answered, 25);
  checkPeaks(t, bench);
});

t.test('a waiter whose client left takes no slot, and its place is free at once', async (t) => {
  const bench = await admissionBench(t, {
    global: { workers: 1, maxConnectionsPerServer: 1 },
    servers: { one: {} },
  });
  const { upstream, call, health } = bench;
  upstream.onCall(() => ({ delayMs: 600 }));
  const first = call('ana', 'one', { value: 'first' });
  await until(() => upstream.inFlight() === 1, { timeoutMs: 5000, what: 'the first call' });
  const leaving = new AbortController();
  const left = call('bo', 'one', { value: 'left', signal: leaving.signal });
  left.catch(() => undefined);
  await until(async () => (await health()).connectionPool.queued === 1, {
    timeoutMs: 5000,
    what: 'a waiter',
  });
  leaving.abort();
  await until(async () => (await health()).connectionPool.queued === 0, {
    timeoutMs: 10_000,
    what: 'no waiter',
  });
  await t.rejects(left);
  t.equal((await first).status, 200);
  t.equal((await call('cy', 'one', { value: 'third' })).status, 200);
  t.strictSame(upstream.executed, ['first', 'third']);
});

t.test('who waits too long is told so, with the reason and when to come back', async (t) => {
  const bench = await admissionBench(t, {
    global: {
      workers: 1,
      maxConnectionsPerServer: 1,
      maxConcurrentRequestsPerUser: 1,
      queueTimeout: 300,
      queueMaxSize: 3,
      queueMaxPerUser: 2,
    },
    servers: { one: {} },
  });
  const { upstream, call } = bench;
  upstream.onCall(() => ({ delayMs: 1500 }));
  const first = call('ana', 'one');
  await until(() => upstream.inFlight() === 1, { timeoutMs: 5000, what: 'the first call' });
  const refused = await Promise.all([
    ...Array.from({ length: 3 }, () => call('ana', 'one')),
    call('bo', 'one'),
  ]);
  const reasons = refused.map(({ status, message, headers }) => [
    status,
    message?.error?.data?.['reason'],
    message?.error?.data?.['policy'],
    headers['retry-after'],
  ]);
  t.strictSame(reasons, [
    [429, 'GW_USER_BUSY', 'user-budget', '1'],
    [429, 'GW_USER_BUSY', 'user-budget', '1'],
    [429, 'GW_USER_BUSY', 'user-budget', '1'],
    [503, 'GW_QUEUE_TIMEOUT', 'queue', '1'],
  ]);
  t.equal((await first).status, 200);
});
