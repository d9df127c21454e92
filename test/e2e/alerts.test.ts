/** Each cause of an alert provoked on a running gateway: told once, its repeats counted, its end told. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { AlertsView } from '../../src/admin/operations.js';
import type { AlertNotice } from '../../src/telemetry/alert-notice.js';
import { admissionBench } from '../support/admission-bench.js';
import { startAlertReceiver, type AlertReceiver } from '../support/alert-receiver.js';
import { shortDir } from '../support/short-dir.js';
import { until } from '../support/until.js';

t.setTimeout(280_000);

const SECRET_PATH = '/services/T000-secretsecret';
const LONG = { timeoutMs: 90_000, everyMs: 200 };

interface BenchOptions {
  readonly cpuThreshold?: number;
  readonly env?: Readonly<Record<string, string>>;
}

async function bench(t: Test, { cpuThreshold = 1, env = {} }: BenchOptions = {}) {
  const receiver = await startAlertReceiver(SECRET_PATH);
  t.teardown(() => receiver.close());
  const commandLog = join(shortDir(t), 'alerts.jsonl');
  const setUp = await admissionBench(t, {
    global: {
      maxConcurrentRequestsPerUser: 100,
      queueTimeout: 1000,
      healthCheckInterval: 1000,
      cpuThreshold,
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
      fine: {},
      slow: {},
      faulty: {},
      broken: {},
      limited: { rateLimit: { requestsPerMinute: 60, burstSize: 5 } },
      narrow: { connectionPool: { maxConnections: 1 } },
    },
    env,
  });
  const list = async (): Promise<AlertsView> => {
    const { code, stdout, output } = await setUp.gateway.cli(['alerts', 'list', '--json']);
    if (code !== 0) throw new Error(output);
    return JSON.parse(stdout) as AlertsView;
  };
  /** Changes the configuration file and waits until it is in force. */
  const reload = async (change: {
    readonly global: object;
    readonly alerting: object;
  }): Promise<void> => {
    const { configFile } = setUp.gateway.files;
    const before = JSON.parse(await readFile(configFile, 'utf8')) as typeof change;
    const global = { ...before.global, ...change.global };
    const alerting = { ...before.alerting, ...change.alerting };
    await writeFile(configFile, JSON.stringify({ ...before, global, alerting }));
    const { code, output } = await setUp.gateway.cli(['reload']);
    if (code !== 0) throw new Error(output);
  };
  return { ...setUp, receiver, commandLog, list, reload };
}

type Bench = Awaited<ReturnType<typeof bench>>;

function tell(receiver: AlertReceiver) {
  return (kind: 'alert' | 'recovery', alert: string, target: string | null) =>
    receiver.received
      .map(({ body }) => body.alert as unknown as AlertNotice)
      .filter((each) => each.kind === kind && each.alert === alert && each.target === target);
}

/** By alert and target, what brings it about; done again until it is told. */
const CAUSES: readonly (readonly [string, string | null, (bench: Bench) => Promise<unknown>])[] = [
  // Whatever the machine: this work is more than a hundredth of it.
  ['cpu-high', null, ({ call }) => many(50, () => call('ana', 'fine'))],
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
  const { upstream, receiver, list, gateway, metrics, commandLog } = all;
  const told = tell(receiver);
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
    await until(
      async () => {
        if (told('alert', alert, target).length > 0) return true;
        await provoke(all);
        return false;
      },
      { ...LONG, what: alert },
    );
    t.match(told('alert', alert, target)[0]?.message, /\d/, `${alert}: it says figures`);
  }
  // Of memory some is always in use; how busy the machine is differs from one moment to the next.
  const memory = ({ alerts }: AlertsView) => alerts.find(({ alert }) => alert === 'memory-high');
  await until(async () => (memory(await list())?.suppressed ?? 0) >= 2, {
    ...LONG,
    what: 'repeats that are only counted',
  });
  const series = await metrics();
  t.equal(series.get('multi_mcp_alerts_active{alert="memory-high",severity="warning"}'), 1);
  t.equal(series.get('multi_mcp_alerts_active{alert="store-unavailable",severity="critical"}'), 0);
  for (const [alert] of CAUSES) {
    t.ok((series.get(`multi_mcp_alerts_total{alert="${alert}"}`) ?? 0) >= 1, `${alert} counted`);
  }
  t.ok((series.get('multi_mcp_alerts_suppressed_total{alert="memory-high"}') ?? 0) >= 2);
  const health = (await gateway.json('/health')) as { alerts: readonly { alert: string }[] };
  t.ok(health.alerts.some(({ alert }) => alert === 'memory-high'));
  const status = await gateway.cli(['status']);
  t.match(status.stdout, /^alert {2}memory-high: Memory in use is \d+ %/m);

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

  // The last two end by a reload, which moves the webhook too.
  const moved = await startAlertReceiver(`${SECRET_PATH}-2`);
  t.teardown(() => moved.close());
  const leftMs = memory(await list())?.cooldownLeftMs ?? 0;
  await all.reload({
    global: { cpuThreshold: 100, memoryThreshold: 100, alertCooldown: 3_600_000 },
    alerting: { webhook: { url: moved.url } },
  });
  const longer = memory(await list());
  t.ok((longer?.cooldownLeftMs ?? 0) > leftMs + 3_000_000, 'the cooldown it is in is longer now');
  t.ok((longer?.suppressed ?? 0) >= 2, 'what was counted is known');
  const toldAfter = tell(moved);
  await until(() => toldAfter('recovery', 'memory-high', null).length > 0, {
    ...LONG,
    what: 'the end of memory-high',
  });
  const over = () => [told, toldAfter].flatMap((each) => each('recovery', 'cpu-high', null));
  await until(() => over().length > 0, { ...LONG, what: 'the end of cpu-high' });
  t.match(toldAfter('recovery', 'memory-high', null), [{ durationMs: Number, suppressed: Number }]);
  for (const [alert, target] of CAUSES) {
    const times = [told, toldAfter].flatMap((each) => each('alert', alert, target));
    t.equal(times.length, 1, `${alert} was told once`);
  }

  // Programs run one after another, so they may be behind the webhook.
  const asked = async (): Promise<readonly AlertNotice[]> => {
    const lines = (await readFile(commandLog, 'utf8')).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as AlertNotice);
  };
  await until(
    async () =>
      (await asked()).some(
        ({ alert, kind, target }) =>
          alert === 'circuit-open' && kind === 'recovery' && target === 'broken',
      ),
    { ...LONG, what: 'the program to hear of it' },
  );
  const isLogged = (logs: string): boolean =>
    /CRITICAL circuit-open broken: /.test(logs) &&
    /RECOVERED circuit-open broken after \d+ s: /.test(logs) &&
    /RECOVERED memory-high after \d+ s: /.test(logs);
  await until(async () => isLogged(await gateway.logs()), { ...LONG, what: 'lines in the log' });
  t.notMatch(await gateway.logs(), SECRET_PATH, 'the webhook’s address stays secret');
});

t.test('a test goes through every sink, and what was told outlives the gateway', async (t) => {
  const { gateway, receiver, commandLog, list } = await bench(t, { cpuThreshold: 100 });
  const good = await gateway.cli(['alerts', 'test']);
  t.equal(good.code, 0, good.output);
  t.match(good.stdout, /^ok {3}log .*\nok {3}webhook .*\nok {3}command /);
  t.ok(receiver.received.some(({ body }) => body.text.startsWith('TEST test: ')));
  t.match(await readFile(commandLog, 'utf8'), /"kind":"test"/);
  receiver.answer(404);
  const bad = await gateway.cli(['alerts', 'test']);
  t.equal(bad.code, 69);
  t.match(bad.output, /FAIL webhook .*it answered 404[\s\S]*not told: webhook/);
  const first = await until(
    async () => (await list()).history.find(({ alert }) => alert === 'memory-high') ?? false,
    { ...LONG, what: 'an alert' },
  );
  t.match((await gateway.cli(['alerts', 'list'])).stdout, /^STATE +ALERT +TARGET/);

  await gateway.stop();
  const next = await bench(t, { cpuThreshold: 100, env: { DATA_DIR: gateway.files.dataDir } });
  const isKept = ({ history }: AlertsView): boolean =>
    history.some(({ alert, at }) => alert === 'memory-high' && at === first.at);
  await until(async () => isKept(await next.list()), { ...LONG, what: 'what was told before' });
  const everything = await next.gateway.cli(['alerts', 'list', '--all', '--json']);
  t.ok(isKept(JSON.parse(everything.stdout) as AlertsView), everything.output);
});
