/** A worker's admission against the primary's own broker, in one process. */
import t, { type Test } from 'tap';
import type { AdmissionRequest, AttemptEnd, Permit } from '../../src/gateway/admission.js';
import { LeasedAdmission } from '../../src/gateway/leased-admission.js';
import { WorkerLeases } from '../../src/gateway/worker-leases.js';
import type { WorkerEvent } from '../../src/ipc/admission-messages.js';
import { AdmissionBroker } from '../../src/primary/admission-broker.js';
import { AdmissionCounts } from '../../src/telemetry/admission-counts.js';
import { FakeExchange } from '../support/fake-exchange.js';
import { nextTurn } from '../support/next-turn.js';
import { until } from '../support/until.js';

interface Settings {
  readonly perServer?: number;
  readonly perUser?: number;
  readonly userRate?: number | null;
  readonly maxStreams?: number;
}

function pair(t: Test, settings: Settings = {}) {
  const { perServer = 2, perUser = 10, userRate = null, maxStreams = 1 } = settings;
  const server = { enabled: true, rateLimit: null, connectionPool: { maxConnections: null } };
  const config = {
    limits: {
      maxTotalConnections: 100,
      maxConnectionsPerServer: perServer,
      maxConcurrentRequestsPerUser: perUser,
      queueMaxSize: 2,
      queueMaxPerUser: 2,
      queueTimeoutMs: 300,
      idleTimeoutMs: 1000,
      cleanupIntervalMs: 60_000,
    },
    rate: {
      gatewayTokensPerSecond: null,
      perUserPerSecond: userRate,
      perServerPerSecond: null,
      adaptive: { enabled: false, threshold: 0.8 },
    },
    servers: { s: { name: 's', source: { kind: 'http' }, ...server } },
    http: { maxStreams, maxStreamsPerUser: 1 },
  } as unknown as ConstructorParameters<typeof AdmissionBroker>[0]['config'];
  const batches: (readonly WorkerEvent[])[] = [];
  const probes: string[] = [];
  const counts = new AdmissionCounts();
  const broker: AdmissionBroker = new AdmissionBroker({
    config,
    send: (_to, events) => {
      leases.receive(events);
    },
    eventLoopDelayMs: () => 0,
    system: () => null,
  });
  const leases = new WorkerLeases({
    servers: ['s'],
    quotas: {
      gateway: null,
      user: userRate === null ? null : { requests: userRate, windowSeconds: 1 },
      servers: new Map(),
    },
    queueTimeoutMs: 300,
    send: (events) => {
      batches.push(events);
      broker.receive(1, events);
    },
    probe: (name) => {
      probes.push(name);
      return Promise.resolve(true);
    },
  });
  const admission = new LeasedAdmission(leases, counts);
  broker.start();
  broker.workerStarted(1);
  broker.workerReady(1);
  leases.start();
  t.teardown(() => {
    leases.stop();
    broker.stop();
  });
  const admit = (user = 'ana', more: Partial<AdmissionRequest> = {}) =>
    Promise.resolve().then(() =>
      admission.admit({
        user,
        server: 's',
        isListening: false,
        exchange: new FakeExchange(),
        ...more,
      }),
    );
  return { admission, leases, broker, batches, probes, counts, admit };
}

const end = (health: AttemptEnd['health']): AttemptEnd => ({
  health,
  load: 'ignore',
  latencyClass: 'echo',
  latencyMs: 1,
});

t.test('a second call of the same user needs no message and no wait', async (t) => {
  const { admission, leases, batches, admit } = pair(t);
  (await admit()).release();
  const before = batches.length;
  const again = admission.admit({
    user: 'ana',
    server: 's',
    isListening: false,
    exchange: new FakeExchange(),
  });
  t.notOk(again instanceof Promise);
  t.equal(admission.inFlight().get('s'), 1);
  t.equal(batches.length, before);
  (again as Permit).release();
  (again as Permit).release();
  t.equal(admission.inFlight().size, 0, 'a second release takes no effect');
  t.equal(leases.idleSlots().get('s'), 1);
});

t.test(
  'who waits gets the slot that becomes free; beyond the queue there is a refusal',
  async (t) => {
    const { admit, counts } = pair(t, { perServer: 1 });
    const first = await admit('ana');
    const second = admit('bo');
    await nextTurn();
    const third = admit('cy');
    await nextTurn();
    await t.rejects(admit('dee'), {
      code: 'GW_SHED',
      options: { retryAfterMs: 1000, data: { policy: 'queue', server: 's' } },
    });
    first.release();
    (await second).release();
    (await third).release();
    const { admitted, refused, queueWaitMs, overflows } = counts.take();
    t.equal(admitted, 3);
    t.same(refused, { queue: 1 });
    t.same(overflows, { s: 1 }, 'it found no place to wait');
    t.ok((queueWaitMs['s']?.count ?? 0) >= 2);
  },
);

t.test('a wait that lasts too long ends, and a user who is the cause is told so', async (t) => {
  const { admit } = pair(t, { perServer: 5, perUser: 1 });
  const held = await admit('ana');
  await t.rejects(admit('ana'), { code: 'GW_USER_BUSY' });
  held.release();
  const { admit: other } = pair(t, { perServer: 1 });
  const holder = await other('ana');
  await t.rejects(other('bo'), { code: 'GW_QUEUE_TIMEOUT' });
  holder.release();
});

t.test('a client that leaves while it waits takes nothing along', async (t) => {
  const { admit, broker } = pair(t, { perServer: 1 });
  const held = await admit('ana');
  const exchange = new FakeExchange();
  const waiting = admit('bo', { exchange });
  await until(() => broker.snapshot().calls.queued === 1, { timeoutMs: 1000, what: 'a waiter' });
  exchange.abort();
  await t.rejects(waiting, { code: 'GW_BAD_REQUEST', options: { log: { clientClosed: true } } });
  await until(() => broker.snapshot().calls.queued === 0, { timeoutMs: 1000, what: 'none' });
  held.release();
  await until(() => broker.snapshot().calls.total.out === 0, {
    timeoutMs: 2000,
    what: 'all slots back',
  });
});

t.test(
  'rates refuse with their policy and headers; what they let through carries them too',
  async (t) => {
    const { admit } = pair(t, { userRate: 2 });
    const permit = await admit();
    const reply = { 'x-request-id': '1' };
    permit.addHeaders(reply);
    t.match(reply, { 'x-request-id': '1', 'ratelimit-policy': '"user";q=2;w=1' });
    permit.release();
    (await admit()).release();
    await t.rejects(admit(), {
      code: 'GW_RATE_LIMITED',
      options: {
        data: { policy: 'user-rate' },
        // A place comes back up to a report's interval late.
        headers: { ratelimit: /^"user";r=0;t=[12]$/ },
      },
    });
  },
);

t.test('an open circuit refuses at once, is probed, and closes again', async (t) => {
  const { admit, admission, broker, probes } = pair(t, { perServer: 50, perUser: 50 });
  const permits = await Promise.all(Array.from({ length: 20 }, () => admit()));
  for (const permit of permits) {
    t.ok(permit.isCurrent());
    permit.ended(end('failure'));
    permit.release();
  }
  await until(() => broker.snapshot().servers.get('s')?.breaker.state === 'open', {
    timeoutMs: 1000,
    what: 'an open circuit',
  });
  await nextTurn();
  t.notOk(permits[0]?.isCurrent());
  t.throws(
    () =>
      admission.admit({
        user: 'ana',
        server: 's',
        isListening: false,
        exchange: new FakeExchange(),
      }),
    { code: 'GW_CIRCUIT_OPEN' },
  );
  await until(() => broker.snapshot().servers.get('s')?.breaker.state === 'closed', {
    timeoutMs: 15_000,
    what: 'a closed circuit',
  });
  t.ok(probes.length >= 3, 'after three good probes');
});

t.test('listening streams hold no slot of calls and have their own cap', async (t) => {
  const { admit, admission, broker } = pair(t);
  const stream = await admit('ana', { isListening: true });
  t.equal(admission.listening(), 1);
  t.equal(broker.snapshot().calls.total.out, 0);
  await t.rejects(admit('bo', { isListening: true }), {
    code: 'GW_SHED',
    options: { data: { policy: 'stream-budget' } },
  });
  await t.rejects(admit('ana', { isListening: true }), { code: 'GW_USER_BUSY' });
  stream.release();
  t.equal(admission.listening(), 0);
});

t.test('a server nobody configured is unknown', (t) => {
  const { admission } = pair(t);
  t.throws(
    () =>
      admission.admit({
        user: 'ana',
        server: 'nope',
        isListening: false,
        exchange: new FakeExchange(),
      }),
    { code: 'GW_SERVER_UNKNOWN' },
  );
  t.end();
});

t.test("a grant's limits hold over all keys of the user, beside those of a key", async (t) => {
  const { admit, broker } = pair(t, { perServer: 50, perUser: 1, userRate: 1 });
  const limits = (requestsPerSecond: number | null, maxConcurrentRequests: number | null) => ({
    requestsPerSecond,
    maxConcurrentRequests,
  });
  const grant = { server: 's', limits: limits(100, 3) };
  const narrow = { keyId: 'k1', keyLimits: limits(null, 1), grant };
  const held = [
    await admit('ana', { keyId: 'k0', grant }),
    await admit('ana', { grant }),
    await admit('ana', narrow),
  ];
  const reply: Record<string, string> = {};
  held[0]?.addHeaders(reply);
  t.equal(reply['ratelimit-policy'], '"grant";q=100;w=1', 'in place of the common one of users');
  await t.rejects(admit('ana', { keyId: 'k2', grant }), {
    code: 'GW_USER_BUSY',
    options: { data: { policy: 'grant-budget' } },
  });
  held[0]?.release();
  await t.rejects(admit('ana', narrow), { code: 'GW_USER_BUSY' }, 'the key has its own as well');
  held[2]?.release();
  const again = await admit('ana', narrow);
  t.equal((await admit('bo')).isCurrent(), true, 'others have the common one');
  again.release();
  held[1]?.release();
  const slow = { server: 's', limits: limits(1, null) };
  (await admit('cy', { grant: slow })).release();
  await t.rejects(admit('cy', { keyId: 'k3', grant: slow }), {
    code: 'GW_RATE_LIMITED',
    options: { data: { policy: 'grant-rate' } },
  });
  await until(() => broker.snapshot().calls.total.out === 1, {
    timeoutMs: 5000,
    what: 'all slots back but the one that is held',
  });
});
