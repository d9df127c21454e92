/**
 * More than can be served, for longer than a queue can hold: what is accepted stays quick, all slots
 * stay busy, and it is over as soon as the load is. `OVERLOAD_SECONDS=60` runs it at full length.
 */
import { spawn } from 'node:child_process';
import t from 'tap';
import { admissionBench, quantile, type TimedReply } from '../support/admission-bench.js';
import { openLoop } from '../support/open-loop.js';
import { until } from '../support/until.js';

t.setTimeout(240_000);

const SECONDS = Number(process.env['OVERLOAD_SECONDS'] ?? 12);
const SERVICE_MS = 200;
const SLOTS = 20;
/** Per second. */
const CAPACITY = (SLOTS * 1000) / SERVICE_MS;

const isOk = ({ status }: TimedReply): boolean => status === 200;
const p99 = (replies: readonly TimedReply[]): number =>
  quantile(
    replies.filter(isOk).map(({ elapsedMs }) => elapsedMs),
    0.99,
  );

t.test('at three times the capacity, goodput stays and accepted calls stay quick', async (t) => {
  const { call, upstream, health } = await admissionBench(t, {
    global: { workers: 2, maxConnectionsPerServer: SLOTS },
    servers: { one: {} },
  });
  upstream.onCall(() => ({ delayMs: SERVICE_MS }));
  const users = (i: number) => call(`user${i % 50}`, 'one');
  const load = (perSecond: number, seconds: number) =>
    openLoop(users, { everyMs: 1000 / perSecond, forMs: seconds * 1000 });
  const light = await load(CAPACITY * 0.5, 4);
  t.equal(light.filter(isOk).length, light.length, 'half the capacity is served without refusals');

  const heavy = await load(CAPACITY * 3, SECONDS);
  const goodput = heavy.filter(isOk).length / SECONDS;
  t.comment(
    `goodput ${goodput.toFixed(1)} of ${CAPACITY}/s; p99 ${p99(light).toFixed(0)} ms unloaded, ${p99(heavy).toFixed(0)} ms overloaded; peak ${upstream.peaks().total}`,
  );
  t.ok(goodput >= CAPACITY * 0.9, 'the slots stay busy');
  t.ok(p99(heavy) <= p99(light) * 3, 'who is accepted is served soon');
  const refused = heavy.filter((reply) => !isOk(reply));
  t.ok(
    refused.every(({ status, headers }) => status === 503 && headers['retry-after'] !== undefined),
    'the others are told to come back later',
  );
  t.ok(upstream.peaks().total <= SLOTS);

  const after = await load(CAPACITY * 0.5, 3);
  t.ok(
    after.filter(isOk).length >= after.length * 0.95,
    'at once afterwards nearly all are served',
  );
  await until(async () => (await health()).connectionPool.leased === 0, {
    timeoutMs: 3000,
    what: 'all slots back',
  });
});

t.test('a busy machine lowers the rates by itself, and raises them again', async (t) => {
  const { metrics } = await admissionBench(t, {
    global: {
      workers: 1,
      perUserLimit: 100,
      rateLimitTokens: 1000,
      enableAdaptiveRateLimit: true,
      adaptiveThreshold: 0.5,
    },
    servers: { one: {} },
  });
  const scale = async () => (await metrics()).get('multi_mcp_rate_limit_scale_ratio') ?? 1;
  const burners = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['-e', 'const until=Date.now()+60000;while(Date.now()<until);']),
  );
  t.teardown(() => {
    for (const burner of burners) burner.kill('SIGKILL');
  });
  const low = await until(
    async () => {
      const now = await scale();
      return now < 0.6 ? now : false;
    },
    { timeoutMs: 20_000, everyMs: 100, what: 'lower rates' },
  );
  const user = 'multi_mcp_rate_limit_effective_per_second{limit="user"}';
  const effective = (await metrics()).get(user) ?? 0;
  t.ok(effective <= 60, `seen in /metrics: scale ${low.toFixed(2)}, user limit ${effective}`);
  for (const burner of burners) burner.kill('SIGKILL');
  const busy = async () => (await metrics()).get('multi_mcp_load_ratio{signal="cpu"}') ?? 0;
  // Others may keep this machine busy; what the scale does of itself is told in admission-broker.test.ts.
  const higher = await until(
    async () => {
      const now = await scale();
      return now > low + 0.05 || (await busy()) > 0.45 ? now : false;
    },
    { timeoutMs: 30_000, everyMs: 1000, what: 'higher rates, with no restart' },
  );
  t.comment(`scale ${low.toFixed(2)} while busy, then ${higher.toFixed(2)}`);
});
