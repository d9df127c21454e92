/**
 * More than can be served, for longer than a queue can hold: the limits hold, whoever is not served is
 * told so at once and truly, and it is over when the load is. How quick all this is, perf/ measures.
 */
import { spawn } from 'node:child_process';
import t from 'tap';
import { admissionBench, type TimedReply } from '../support/admission-bench.js';
import { openLoop } from '../support/open-loop.js';
import { until } from '../support/until.js';

t.setTimeout(240_000);

const SERVICE_MS = 200;
const SLOTS = 20;
/** Per second. */
const CAPACITY = (SLOTS * 1000) / SERVICE_MS;

const isOk = ({ status }: TimedReply): boolean => status === 200;

t.test('three times the capacity is served as far as it goes, the rest is told', async (t) => {
  const { call, upstream, health } = await admissionBench(t, {
    global: { workers: 2, maxConnectionsPerServer: SLOTS },
    servers: { one: {} },
  });
  upstream.onCall(() => ({ delayMs: SERVICE_MS }));
  const heavy = await openLoop((i) => call(`user${i % 50}`, 'one'), {
    everyMs: 1000 / (CAPACITY * 3),
    forMs: 8000,
  });
  t.equal(upstream.peaks().total, SLOTS, 'all slots are used, and no more');
  t.equal(upstream.calls('one'), heavy.filter(isOk).length, 'nobody is refused after being served');
  const refused = heavy.filter((reply) => !isOk(reply));
  t.ok(refused.length > 0, `served ${heavy.length - refused.length}, refused ${refused.length}`);
  t.ok(
    refused.every(({ status, headers }) => status === 503 && headers['retry-after'] !== undefined),
    'the others are told to come back later',
  );
  const reasons = new Set(refused.map(({ message }) => message?.error?.data?.['reason']));
  t.ok(reasons.has('GW_SHED'), 'early, and not at the end of a long wait');

  const pool = async () => (await health()).connectionPool;
  await until(async () => (await pool()).queued === 0 && (await pool()).leased === 0, {
    timeoutMs: 15_000,
    what: 'all slots back',
  });
  const after = await Promise.all(Array.from({ length: SLOTS }, (_, i) => call(`u${i}`, 'one')));
  t.ok(after.every(isOk), 'afterwards everybody is served again');
});

t.test(
  'timeouts of one user lower neither the rates of all nor the limit of the server',
  async (t) => {
    const { call, upstream, health, metrics } = await admissionBench(t, {
      global: {
        workers: 1,
        perUserLimit: 100,
        enableAdaptiveRateLimit: true,
        adaptiveThreshold: 0.9,
      },
      servers: { one: { connectionPool: { requestTimeout: 100 } } },
    });
    upstream.onCall((_server, { params }) => ({ delayMs: params?.name === 'slow' ? 60_000 : 0 }));
    const limit = (await health()).servers['one']?.limit;
    for (let round = 0; round < 25; round += 1) {
      t.ok(isOk(await call('bob', 'one')));
      const timedOut = await Promise.all(
        Array.from({ length: 4 }, () => call('ana', 'one', { tool: 'slow' })),
      );
      t.ok(timedOut.every(({ status }) => status === 504));
    }
    await until(async () => (await health()).servers['one']?.leased === 0, {
      timeoutMs: 5000,
      what: 'all slots back',
    });
    t.equal((await health()).servers['one']?.limit, limit);
    t.equal((await metrics()).get('multi_mcp_load_ratio{signal="errorRate"}'), 0);
  },
);

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
    { timeoutMs: 60_000, everyMs: 100, what: 'lower rates' },
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
    { timeoutMs: 90_000, everyMs: 1000, what: 'higher rates, with no restart' },
  );
  t.comment(`scale ${low.toFixed(2)} while busy, then ${higher.toFixed(2)}`);
});
