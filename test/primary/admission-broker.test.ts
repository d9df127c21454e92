import t, { type Test } from 'tap';
import type { PrimaryEvent } from '../../src/ipc/admission-messages.js';
import { monotonicMs } from '../../src/kernel/clock.js';
import type { LoadSignals } from '../../src/policy/load-scale.js';
import { AdmissionBroker } from '../../src/primary/admission-broker.js';
import { nextTurn } from '../support/next-turn.js';
import { until } from '../support/until.js';

const QUIET: LoadSignals = { cpu: 0, memory: 0, eventLoopDelay: 0, errorRate: 0 };
const window = { maxInFlight: 1, dropped: 0, successes: 0, classes: [] };

function server(name: string, more: object = {}) {
  return {
    name,
    enabled: true,
    source: { kind: 'http' },
    rateLimit: null,
    connectionPool: { maxConnections: null },
    ...more,
  };
}

function broker(t: Test, change: { adaptive?: boolean; load?: () => LoadSignals } = {}) {
  const sent: { to: number; event: PrimaryEvent }[] = [];
  const admission = new AdmissionBroker({
    config: {
      limits: {
        maxTotalConnections: 4,
        maxConnectionsPerServer: 2,
        maxConcurrentRequestsPerUser: 3,
        queueMaxSize: 10,
        queueMaxPerUser: 5,
        queueTimeoutMs: 5000,
        idleTimeoutMs: 1000,
        cleanupIntervalMs: 60_000,
      },
      rate: {
        gatewayTokensPerSecond: null,
        perUserPerSecond: 10,
        perServerPerSecond: null,
        adaptive: { enabled: change.adaptive ?? false, threshold: 0.5 },
      },
      servers: { s: server('s'), off: server('off', { enabled: false }) },
      http: { maxStreams: 1, maxStreamsPerUser: 1 },
    } as unknown as ConstructorParameters<typeof AdmissionBroker>[0]['config'],
    send: (to, events) => {
      for (const event of events) sent.push({ to, event });
    },
    eventLoopDelayMs: () => 0,
    system: () => null,
    sampleLoad: change.load ?? (() => QUIET),
  });
  t.teardown(() => {
    admission.stop();
  });
  const settle = async (): Promise<string[]> => {
    await nextTurn();
    return sent.splice(0).map(({ to, event }) => `${to} ${wordFor(event)}`);
  };
  return { admission, settle, sent };
}

function wordFor(event: PrimaryEvent): string {
  switch (event.kind) {
    case 'slots':
      return event.message.kind === 'refusal'
        ? `refusal ${event.message.reason}`
        : `${event.of} ${event.message.kind}`;
    case 'rate':
      return event.message.kind;
    case 'breaker':
      return `${event.server} ${event.announced.state}`;
    case 'probe':
      return `probe ${event.server}`;
    case 'scale':
      return `scale ${event.scale.toFixed(2)}`;
  }
}

const ticket = (id: number, user = 'ana', of: 'calls' | 'streams' = 'calls') =>
  ({ kind: 'ticket', of, request: { ticket: id, user, server: 's' } }) as const;

t.test(
  'slots are granted up to the limits, and those of a dead worker go to who waits',
  async (t) => {
    const { admission, settle } = broker(t);
    admission.workerStarted(1);
    admission.workerStarted(2);
    admission.receive(1, [ticket(1), ticket(2)]);
    admission.receive(2, [ticket(1, 'bo')]);
    t.same(await settle(), ['1 calls grant', '1 calls grant', '1 calls recall']);
    t.match(admission.snapshot(), { calls: { total: { out: 2, limit: 4 }, queued: 1 } });
    admission.workerExited(1);
    t.same(await settle(), ['2 calls grant']);
    admission.receive(1, [ticket(9)]);
    t.same(await settle(), [], 'what the dead one still says is ignored');
    admission.workerExited(2);
    t.match(admission.snapshot(), { calls: { total: { out: 0 }, queued: 0, users: 0 } });
  },
);

t.test('listening streams have a budget of their own', async (t) => {
  const { admission, settle } = broker(t);
  admission.workerStarted(1);
  admission.start();
  admission.receive(1, [ticket(1, 'ana', 'streams'), ticket(2, 'bo', 'streams')]);
  t.same(await settle(), ['1 streams grant', '1 streams recall']);
  t.match(admission.snapshot().calls, { total: { out: 0 } });
  const words: string[] = [];
  await until(
    async () => {
      words.push(...(await settle()));
      return words.includes('1 refusal queue-timeout');
    },
    { timeoutMs: 3000, what: 'a refusal' },
  );
  admission.receive(1, [ticket(3, 'ana', 'streams')]);
  await until(async () => (await settle()).includes('1 refusal user-busy'), {
    timeoutMs: 3000,
    what: 'a refusal that names the cause',
  });
});

t.test('a failing server: everyone is told, who waits is refused, one worker probes', async (t) => {
  const { admission, settle } = broker(t);
  admission.workerStarted(1);
  admission.workerStarted(2);
  admission.workerReady(1);
  t.same(await settle(), ['1 s closed', '1 scale 1.00'], 'a new worker learns how things are');
  admission.receive(1, [ticket(1), ticket(2), ticket(3)]);
  await settle();
  admission.receive(1, [
    { kind: 'ended', server: 's', generation: 1, successes: 0, failures: 20, users: [], window },
  ]);
  t.same((await settle()).toSorted(), ['1 refusal circuit-open', '1 s open', '2 s open']);
  t.equal(admission.snapshot().servers.get('s')?.breaker.state, 'open');
  admission.start();
  const words: string[] = [];
  await until(
    async () => {
      words.push(...(await settle()));
      return words.some((word) => word.endsWith('probe s'));
    },
    { timeoutMs: 10_000, what: 'a probe' },
  );
  t.equal(words.filter((word) => word.endsWith('probe s')).length, 1, 'one at a time');
  t.notOk(admission.snapshot().servers.has('off'));
});

t.test('load scales the rates down and, when it is over, up again by itself', async (t) => {
  let load: LoadSignals = { ...QUIET, cpu: 1 };
  const { admission, settle } = broker(t, { adaptive: true, load: () => load });
  admission.workerStarted(1);
  admission.start();
  const startedAtMs = monotonicMs();
  await until(() => admission.snapshot().scale < 0.6, { timeoutMs: 10_000, what: 'a lower scale' });
  t.ok((admission.snapshot().rates.userPerSecond ?? 10) < 7);
  t.ok(
    (await settle()).some((word) => word.startsWith('1 scale 0.')),
    'workers are told',
  );
  load = QUIET;
  const { scale } = admission.snapshot();
  await until(() => admission.snapshot().scale > scale + 0.1, {
    timeoutMs: 10_000,
    what: 'a higher scale',
  });
  t.ok(monotonicMs() > startedAtMs);
});

t.test('rate chunks are lent and settled', async (t) => {
  const { admission, settle } = broker(t);
  admission.workerStarted(1);
  const ask = { kind: 'ask', limit: 'user:ana', request: { needed: 20, wanted: 20 } } as const;
  admission.receive(1, [ask]);
  t.same(await settle(), ['1 chunk']);
  admission.receive(1, [ask]);
  t.same(await settle(), ['1 chunk-denied'], 'ten a second and no more');
  t.equal(admission.snapshot().rateAccounts, 1);
});

t.test('shares of the limits hold like limits, and tell what still runs above them', async (t) => {
  const { admission, settle } = broker(t);
  admission.workerStarted(1);
  admission.receive(1, [ticket(1), ticket(2)]);
  t.same(await settle(), ['1 calls grant', '1 calls grant']);
  const half = new Map([
    ['total', 0.5],
    ['server:s', 0.5],
    ['users', 0.5],
  ]);
  admission.setShares(half, null);
  t.ok((await settle()).includes('1 calls recall'), 'what is idle above it comes back');
  t.match(admission.snapshot(), { calls: { total: { out: 2, limit: 2 } } });
  t.match(admission.snapshot().servers.get('s'), { configuredLimit: 2, effectiveLimit: 1 });
  t.same(Object.fromEntries(admission.partsInUse()), { total: 0.5, users: 1, 'server:s': 1 });
  t.match(admission.slots().users.load('ana'), { busy: 2, limit: 3 });
  admission.setShares(new Map([...half, ['account:ana', 0.34]]), null);
  t.match(Object.fromEntries(admission.partsInUse()), { users: 0, 'account:ana': 2 / 3 });
  admission.setShares(half, null);
  const back = { kind: 'returned', of: 'calls' } as const;
  admission.receive(1, [
    { ...back, slots: { kind: 'server', key: 's', count: 2 } },
    { ...back, slots: { kind: 'user', key: 'ana', count: 2 } },
  ]);
  t.same(Object.fromEntries(admission.partsInUse()), { total: 0, users: 0, 'server:s': 0 });
  await settle();
  admission.receive(1, [ticket(3), ticket(4)]);
  t.same(admission.slots().users.shortOf(5), [], 'the server is what it waits for');
  t.equal((await settle()).filter((word) => word === '1 calls grant').length, 1, 'one of two');
  admission.setShares(null, null);
  t.same(await settle(), ['1 calls grant'], 'undivided again');
});
