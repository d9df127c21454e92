/**
 * Two gateways with one MongoDB keep the limits together: an upstream that both use writes down what really
 * reached it, while one joins, works, leaves, dies, and while the store is away.
 */
import t, { type Test } from 'tap';
import { openSnapshot, snapshotState } from '../../src/store/identity-snapshot.js';
import { admissionBench, type AdmissionBench } from '../support/admission-bench.js';
import { noChromium, openBrowser } from '../support/chromium.js';
import { startMongoServer, type MongoServer } from '../support/mongo-server.js';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';
import { until } from '../support/until.js';

t.setTimeout(290_000);

const TOTAL = 20;
const PER_SERVER = 12;
const PER_USER = 6;
/** A second, and at once. */
const RATE = 10;
/** A machine that stands still because the test machine is busy should not be taken for dead. */
const PATIENT_MS = 60_000;
const DEADLINE_MS = 60_000;

interface Machines {
  readonly isDivided: boolean;
  readonly problem: string | null;
  readonly shares: Readonly<Record<string, number>>;
  readonly list: readonly { readonly name: string; readonly isSelf: boolean }[];
}

interface Place {
  readonly MONGODB_URI: string;
  readonly upstream: RecordingUpstream;
  readonly leaseTimeout: number;
}

function machine(t: Test, name: string, place: Place): Promise<AdmissionBench> {
  const { MONGODB_URI, upstream, leaseTimeout } = place;
  return admissionBench(t, {
    global: {
      workers: 2,
      maxTotalConnections: TOTAL,
      maxConnectionsPerServer: PER_SERVER,
      maxConcurrentRequestsPerUser: PER_USER,
      enableAdaptiveRateLimit: false,
      queueTimeout: 20_000,
    },
    servers: {
      a: {},
      b: {},
      metered: { rateLimit: { requestsPerMinute: RATE * 60, burstSize: RATE } },
    },
    machines: { name, leaseTimeout },
    env: { MONGODB_URI },
    upstream,
  });
}

const machinesOf = async ({ gateway }: AdmissionBench): Promise<Machines> =>
  (await gateway.json('/health'))['machines'] as Machines;

const limitOf = async ({ gateway }: AdmissionBench): Promise<number> =>
  ((await gateway.json('/health'))['connectionPool'] as { limit: number }).limit;

const untilAlone = (bench: AdmissionBench): Promise<unknown> =>
  until(async () => !(await machinesOf(bench)).isDivided, {
    timeoutMs: DEADLINE_MS,
    what: 'the limits undivided',
  });

/** Clients of both servers, each of a user of its own, one call after the other. */
function load({ call }: AdmissionBench, prefix: string, clients: number) {
  let isOver = false;
  let answered = 0;
  const running = Array.from({ length: clients }, async (_, client) => {
    for (let n = 0; !isOver; n += 1) {
      const server = (client + n) % 2 === 0 ? 'a' : 'b';
      const reply = await call(`${prefix}${client % 4}`, server).catch(() => null);
      if (reply?.status === 200) answered += 1;
    }
  });
  return {
    answered: () => answered,
    stop: async () => {
      isOver = true;
      await Promise.all(running);
    },
  };
}

function checkPeaks(t: Test, upstream: RecordingUpstream): void {
  const { total, byServer, byUser } = upstream.peaks();
  t.ok(total <= TOTAL, `in all: ${total}`);
  for (const [server, peak] of byServer) t.ok(peak <= PER_SERVER, `${server}: ${peak}`);
  for (const [user, peak] of byUser) t.ok(peak <= PER_USER, `${user}: ${peak}`);
}

async function together(t: Test, server: MongoServer): Promise<void> {
  const upstream = await startRecordingUpstream();
  t.teardown(() => upstream.close());
  upstream.onCall(() => ({ delayMs: 100 }));
  const place = { MONGODB_URI: server.newDatabase(t), upstream, leaseTimeout: PATIENT_MS };
  const north = await machine(t, 'north', place);
  t.match(await machinesOf(north), { isDivided: false, list: [{ name: 'north', isSelf: true }] });
  t.equal(await limitOf(north), TOTAL, 'alone it has everything');
  const early = load(north, 'user', 24);
  await until(() => upstream.peaks().total >= TOTAL, {
    timeoutMs: DEADLINE_MS,
    what: 'all in use',
  });

  const south = await machine(t, 'south', place);
  for (const [bench, names] of [
    [north, ['north', 'south']],
    [south, ['south', 'north']],
  ] as const) {
    const { list, isDivided } = await machinesOf(bench);
    t.equal(isDivided, true);
    t.same(
      list.map(({ name }) => name),
      names,
    );
    const { stdout } = await bench.gateway.cli(['status']);
    t.match(stdout, new RegExp(`^machine  ${names[0]} \\(this one, 127\\.0\\.0\\.1:`, 'm'));
    t.match(stdout, new RegExp(`^machine  ${names[1]} \\(127.*of ${TOTAL} connections`, 'm'));
  }
  await t.test('the dashboard shows both', { skip: noChromium }, async (t) => {
    const page = await (await openBrowser(t)).newPage();
    await page.goto(`${north.gateway.url}/dashboard`);
    const card = page.getByRole('region', { name: 'Machines' });
    await card.waitFor({ timeout: DEADLINE_MS });
    t.match(await card.innerText(), /north\s*this one[^]*south\s*127\.0\.0\.1:\d+/);
  });
  const late = load(south, 'user', 24);
  await until(
    async () => {
      const [one, two] = [await limitOf(north), await limitOf(south)];
      return one + two === TOTAL && one === two;
    },
    { timeoutMs: DEADLINE_MS, what: 'equal shares for equal load' },
  );
  await until(() => late.answered() >= 100, { timeoutMs: DEADLINE_MS, what: 'south serves' });
  checkPeaks(t, upstream);

  await late.stop();
  await until(async () => (await limitOf(north)) < TOTAL && early.answered() >= 300, {
    timeoutMs: DEADLINE_MS,
    what: 'north serves on',
  });
  t.equal((await south.gateway.stop()).code, 0);
  const stoppedAtMs = performance.now();
  await untilAlone(north);
  t.ok(
    performance.now() - stoppedAtMs < PATIENT_MS / 2,
    'an orderly stop leaves nothing to wait for',
  );
  t.equal(await limitOf(north), TOTAL);
  await until(async () => (await north.gateway.logs()).includes('a machine left'), {
    timeoutMs: DEADLINE_MS,
    what: 'the log tells',
  });
  await early.stop();
  checkPeaks(t, upstream);
}

async function ratesTogether(t: Test, server: MongoServer): Promise<void> {
  const upstream = await startRecordingUpstream();
  t.teardown(() => upstream.close());
  const place = { MONGODB_URI: server.newDatabase(t), upstream, leaseTimeout: PATIENT_MS };
  const machines = [await machine(t, 'north', place), await machine(t, 'south', place)];
  upstream.forget();
  const startedAtMs = performance.now();
  let isOver = false;
  const hammers = machines.flatMap(({ call }, at) =>
    Array.from({ length: 4 }, async (_, n) => {
      while (!isOver) await call(`user${at}${n}`, 'metered').catch(() => null);
    }),
  );
  await until(() => upstream.calls('metered') >= 60, { timeoutMs: DEADLINE_MS, what: '60 calls' });
  isOver = true;
  await Promise.all(hammers);
  const seconds = (performance.now() - startedAtMs) / 1000;
  // One token for each machine is what limits below one a machine may add.
  const most = RATE + RATE * seconds + machines.length;
  t.ok(upstream.calls('metered') <= most, `${upstream.calls('metered')} in ${seconds} s`);

  upstream.onCall(() => ({ delayMs: 200 }));
  upstream.forget();
  const [north] = machines;
  let isEnough = false;
  const solo = Array.from({ length: 2 * PER_USER }, async () => {
    while (!isEnough) await north?.call('solo', 'a').catch(() => null);
  });
  // All but the one call that the other machine may admit.
  await until(() => (upstream.peaks().byUser.get('solo') ?? 0) >= PER_USER - 1, {
    timeoutMs: DEADLINE_MS,
    what: 'nearly the whole limit of a user who is at one machine only',
  });
  isEnough = true;
  await Promise.all(solo);
  checkPeaks(t, upstream);
}

async function death(t: Test, server: MongoServer): Promise<void> {
  const upstream = await startRecordingUpstream();
  t.teardown(() => upstream.close());
  const leaseTimeout = 4000;
  const place = { MONGODB_URI: server.newDatabase(t), upstream, leaseTimeout };
  const [north, south] = [await machine(t, 'north', place), await machine(t, 'south', place)];
  await until(async () => (await limitOf(north)) < TOTAL, {
    timeoutMs: DEADLINE_MS,
    what: 'divided limits',
  });
  process.kill(south.gateway.pid, 'SIGKILL');
  const killedAtMs = performance.now();
  await untilAlone(north);
  t.ok(performance.now() - killedAtMs > leaseTimeout / 2, 'not before its lease ran out');
  t.equal(await limitOf(north), TOTAL);
  t.equal((await north.metrics()).get('multi_mcp_machines'), 1);
}

async function storeAway(t: Test, server: MongoServer): Promise<void> {
  const upstream = await startRecordingUpstream();
  t.teardown(() => upstream.close());
  const proxy = await startTcpFaultProxy(t, server);
  const MONGODB_URI = server.newDatabase(t, proxy.port);
  const place = { MONGODB_URI, upstream, leaseTimeout: 4000 };
  const machines = [await machine(t, 'north', place), await machine(t, 'south', place)];
  for (const { call } of machines) t.equal((await call('ana', 'a')).status, 200);
  for (const { gateway } of machines) {
    await until(() => hasSnapshot(gateway.files.dataDir), {
      timeoutMs: DEADLINE_MS,
      what: 'a snapshot for workers that do not know ana yet',
    });
  }
  const limits = await until(() => dividedLimits(machines), {
    timeoutMs: DEADLINE_MS,
    what: 'divided limits',
  });
  proxy.set({ kind: 'cut' });
  for (const bench of machines) {
    const lost = 'the lease of this machine ran out';
    await until(async () => (await bench.gateway.logs()).includes(lost), {
      timeoutMs: DEADLINE_MS,
      what: 'a lost lease',
    });
    t.equal((await bench.call('ana', 'a')).status, 200, 'traffic goes on');
  }
  t.same(await Promise.all(machines.map(limitOf)), limits, 'with the last shares');
  proxy.set({ kind: 'none' });
  for (const bench of machines) {
    await until(
      async () => {
        const { problem, list } = await machinesOf(bench);
        return problem === null && list.length === 2;
      },
      { timeoutMs: DEADLINE_MS, what: 'both back' },
    );
  }
  await until(() => dividedLimits(machines), {
    timeoutMs: DEADLINE_MS,
    what: 'everything in use again',
  });
}

/** When all of it is divided; null before. */
async function dividedLimits(machines: readonly AdmissionBench[]): Promise<number[] | null> {
  const limits = await Promise.all(machines.map(limitOf));
  const sum = limits.reduce((total, limit) => total + limit, 0);
  return sum === TOTAL && limits.every((limit) => limit < TOTAL) ? limits : null;
}

async function hasSnapshot(dataDir: string): Promise<boolean> {
  const snapshot = await openSnapshot(dataDir);
  try {
    return snapshot !== null && (await snapshotState(snapshot)) !== null;
  } finally {
    await snapshot?.close();
  }
}

const server = await startMongoServer(t);
const cases = {
  'two machines show each other and keep the budgets together': together,
  'a rate holds over both, and a user at one has nearly all of his limit': ratesTogether,
  'the share of one that is killed comes back with its lease': death,
  'while the store is away both go on with what they have': storeAway,
};
for (const [name, run] of Object.entries(cases)) {
  if (typeof server === 'string') t.test(name, { skip: server }, () => undefined);
  else t.test(name, (st) => run(st, server));
}
