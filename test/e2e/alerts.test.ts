/** Each cause of an alert provoked on a running gateway: told once, its repeats counted, its end told. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { AlertsView } from '../../src/admin/operations.js';
import type { AlertNotice } from '../../src/telemetry/alert-notice.js';
import { admissionBench } from '../support/admission-bench.js';
import { startAlertReceiver } from '../support/alert-receiver.js';
import { shortDir } from '../support/short-dir.js';
import { until } from '../support/until.js';

t.setTimeout(280_000);

const SECRET_PATH = '/services/T000-secretsecret';
const LONG = { timeoutMs: 90_000, everyMs: 200 };

async function bench(t: Test) {
  const receiver = await startAlertReceiver(SECRET_PATH);
  t.teardown(() => receiver.close());
  const commandLog = join(shortDir(t), 'alerts.jsonl');
  const setUp = await admissionBench(t, {
    global: {
      maxConcurrentRequestsPerUser: 100,
      queueTimeout: 1000,
      healthCheckInterval: 1000,
      cpuThreshold: 1,
      memoryThreshold: 1,
      responseTimeThreshold: 100,
    },
    alerting: {
      sustainedFor: 500,
      window: 4000,
      rateLimitRefusals: 5,
      webhook: { url: receiver.url },
      command: { file: '/bin/sh', args: ['-c', 'cat >> "$1"', 'sh', commandLog] },
    },
    servers: {
      slow: {},
      faulty: {},
      broken: {},
      limited: { rateLimit: { requestsPerMinute: 60, burstSize: 5 } },
      narrow: { connectionPool: { maxConnections: 1 } },
    },
  });
  const notices = (): AlertNotice[] =>
    receiver.received.map(({ body }) => body.alert as unknown as AlertNotice);
  const told = (kind: 'alert' | 'recovery', alert: string, target: string | null) =>
    notices().filter(
      (each) => each.kind === kind && each.alert === alert && each.target === target,
    );
  const list = async (): Promise<AlertsView> => {
    const { code, stdout, output } = await setUp.gateway.cli(['alerts', 'list', '--json']);
    if (code !== 0) throw new Error(output);
    return JSON.parse(stdout) as AlertsView;
  };
  return { ...setUp, receiver, commandLog, told, list };
}

type Bench = Awaited<ReturnType<typeof bench>>;

/** By alert and target, what brings it about. */
const CAUSES: readonly (readonly [string, string | null, (bench: Bench) => Promise<unknown>])[] = [
  ['cpu-high', null, () => Promise.resolve()],
  ['memory-high', null, () => Promise.resolve()],
  ['response-time-high', 'slow', ({ call }) => many(5, () => call('ana', 'slow'))],
  ['error-rate-high', 'faulty', ({ call }) => many(40, () => call('ana', 'faulty'))],
  ['circuit-open', 'broken', ({ call }) => many(40, () => call('ana', 'broken'))],
  ['rate-limited', 'server-rate', ({ call }) => many(30, () => call('ana', 'limited'))],
  ['pool-exhausted', 'narrow', ({ call }) => many(5, () => call('ana', 'narrow'))],
];

async function many<T>(count: number, work: () => Promise<T>): Promise<readonly T[]> {
  return Promise.all(Array.from({ length: count }, work));
}

t.test('seven causes, each told once, counted, and told to be over', async (t) => {
  const all = await bench(t);
  const { upstream, told, list, gateway, metrics, commandLog } = all;
  let faulty = 0;
  let isWell = false;
  upstream.onCall((server) => {
    if (isWell) return { delayMs: 0 };
    faulty += server === 'faulty' ? 1 : 0;
    if (server === 'faulty') return { delayMs: 0, status: faulty % 5 === 0 ? 500 : 200 };
    if (server === 'broken') return { delayMs: 0, status: 503 };
    return { delayMs: server === 'slow' ? 300 : server === 'narrow' ? 1500 : 0 };
  });
  upstream.onOther((server) => ({
    delayMs: 0,
    status: server === 'broken' && !isWell ? 503 : 200,
  }));

  for (const [alert, target, provoke] of CAUSES) {
    await provoke(all);
    await until(() => told('alert', alert, target).length > 0, { ...LONG, what: alert });
    t.match(told('alert', alert, target)[0]?.message, /\d/, `${alert}: it says figures`);
  }
  await until(
    async () => {
      const { alerts } = await list();
      return ['cpu-high', 'memory-high'].every((name) =>
        alerts.some(({ alert, suppressed }) => alert === name && suppressed >= 2),
      );
    },
    { ...LONG, what: 'repeats that are only counted' },
  );
  const series = await metrics();
  t.equal(series.get('multi_mcp_alerts_active{alert="cpu-high",severity="warning"}'), 1);
  t.equal(series.get('multi_mcp_alerts_active{alert="store-unavailable",severity="critical"}'), 0);
  t.equal(series.get('multi_mcp_alerts_total{alert="circuit-open"}'), 1);
  t.ok((series.get('multi_mcp_alerts_suppressed_total{alert="cpu-high"}') ?? 0) >= 2);
  const health = (await gateway.json('/health')) as { alerts: readonly { alert: string }[] };
  t.ok(health.alerts.some(({ alert }) => alert === 'memory-high'));
  t.match((await gateway.cli(['status'])).stdout, /^alert {2}cpu-high: CPU use is \d+ %/m);

  isWell = true;
  for (const [alert, target] of CAUSES.slice(2)) {
    await until(() => told('recovery', alert, target).length > 0, {
      ...LONG,
      what: `the end of ${alert}`,
    });
  }
  // Within the cooldown the same cause comes back: it is counted, and told to nobody.
  const suppressed = async (): Promise<number> =>
    (await metrics()).get('multi_mcp_alerts_suppressed_total{alert="rate-limited"}') ?? 0;
  const before = await suppressed();
  await until(
    async () => {
      await many(30, () => all.call('ana', 'limited'));
      return (await suppressed()) > before;
    },
    { ...LONG, what: 'the second episode' },
  );
  for (const [alert, target] of CAUSES) {
    t.equal(told('alert', alert, target).length, 1, `${alert} was told once`);
  }

  const lines = (await readFile(commandLog, 'utf8')).trimEnd().split('\n');
  const asked = lines.map((line) => JSON.parse(line) as AlertNotice);
  t.ok(asked.some(({ alert, kind }) => alert === 'circuit-open' && kind === 'recovery'));
  const logs = await gateway.logs();
  t.match(logs, /CRITICAL circuit-open broken: /);
  t.match(logs, /RECOVERED circuit-open broken after \d+ s: /);
  t.notMatch(logs, SECRET_PATH, 'the webhook’s address stays secret');
});

t.test('a test goes through every sink and says which one does not work', async (t) => {
  const { gateway, receiver, commandLog } = await bench(t);
  const good = await gateway.cli(['alerts', 'test']);
  t.equal(good.code, 0, good.output);
  t.match(good.stdout, /^ok {3}log .*\nok {3}webhook .*\nok {3}command /);
  t.ok(receiver.received.some(({ body }) => body.text.startsWith('TEST test: ')));
  t.match(await readFile(commandLog, 'utf8'), /"kind":"test"/);
  receiver.answer(404);
  const bad = await gateway.cli(['alerts', 'test']);
  t.equal(bad.code, 69);
  t.match(bad.output, /FAIL webhook .*it answered 404[\s\S]*not told: webhook/);
  t.match((await gateway.cli(['alerts', 'list'])).stdout, /^STATE +ALERT +TARGET/);
});
