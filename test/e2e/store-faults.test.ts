/**
 * The line to MongoDB breaks while users call: who is known is served beyond his time in the cache, nobody waits
 * longer than the store's deadline, what must be written is refused, `/readyz` and an alert say so, and it is
 * over by itself. Then the server itself dies and another takes its data over.
 */
import t, { type Test } from 'tap';
import { openMongoStore } from '../../src/store/mongo-store.js';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { modernCall, rpc } from '../support/json-rpc.js';
import { connectClient } from '../support/mcp-clients.js';
import { startMongoProcess, startMongoServer } from '../support/mongo-server.js';
import { openLoop } from '../support/open-loop.js';
import { startGateway, type Gateway } from '../support/start-gateway.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';
import { until } from '../support/until.js';

t.setTimeout(280_000);

/** Shorter than a fault lasts, so that identities serve on in their grace. */
const TTL_MS = 1000;
const FAULT = { everyMs: 25, forMs: 4000 };
/** Two seconds are the promise (mongo-connection.ts); the driver's own default would be thirty. */
const PATIENCE_MS = 2000 + 4000;
const LONG = { timeoutMs: 60_000, everyMs: 100 };

async function bench(t: Test, MONGODB_URI: string) {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  const gateway = await startGateway({
    config: {
      global: {
        workers: 1,
        apiKeyCacheTtl: TTL_MS,
        healthCheckInterval: 1000,
        maxConcurrentRequestsPerUser: 500,
      },
      servers: { echo: { url: upstream.url }, 'meerkats-table': {} },
      store: { onUnavailable: 'refuse' },
    },
    env: { MONGODB_URI },
  });
  t.teardown(() => gateway.destroy());
  const knock = async (key: string) => {
    const startedAtMs = performance.now();
    const call = modernCall(1, 'echo', { value: 1 });
    const { status } = await rpc({ url: gateway.endpoint('echo'), key, ...call });
    return { status, tookMs: performance.now() - startedAtMs };
  };
  return { gateway, knock };
}

const readyz = async (gateway: Gateway) => {
  const reply = await fetch(`${gateway.url}/readyz?verbose`);
  return { status: reply.status, text: await reply.text() };
};

const isAlerted = async (gateway: Gateway): Promise<boolean> => {
  const { alerts } = await gateway.json('/health');
  return (alerts as readonly { alert: string }[]).some(
    (each) => each.alert === 'store-unavailable',
  );
};

function tookText(calls: readonly { readonly tookMs: number }[]): string {
  const tookMs = calls.map((each) => each.tookMs).sort((a, b) => a - b);
  const at = (share: number) => (tookMs[Math.floor(share * (tookMs.length - 1))] ?? 0).toFixed(1);
  return `${calls.length} calls: p50 ${at(0.5)}, p99 ${at(0.99)}, slowest ${at(1)} ms`;
}

const server = await startMongoServer(t);
if (typeof server === 'string') {
  t.test('faults between the gateway and MongoDB', { skip: server }, () => undefined);
} else {
  t.test('a broken line to MongoDB costs known users nothing, and says so', async (t) => {
    const proxy = await startTcpFaultProxy(t, server);
    const { gateway, knock } = await bench(t, server.newDatabase(t, proxy.port));
    const [known, unseen] = [await gateway.makeKey('ana'), await gateway.makeKey('ben')];
    const client = await connectClient('sdk-2', gateway.endpoint('meerkats-table'), known);
    t.teardown(() => client.close());
    const columns = [{ name: 'name', type: 'text' }];
    await client.callTool('create_table', { table: 'guards', columns });
    const insert = () =>
      client.callTool('insert_rows', { table: 'guards', rows: [{ name: 'mia' }] });
    await insert();
    const before = await openLoop(() => knock(known), FAULT);
    t.comment(`no fault: ${tookText(before)}`);

    for (const fault of [
      { kind: 'latency', delayMs: 2000 },
      { kind: 'half-open' },
      { kind: 'cut' },
    ] as const) {
      await until(async () => (await knock(known)).status === 200, {
        ...LONG,
        what: 'a known key',
      });
      proxy.set(fault);
      const [served, refused] = await Promise.all([
        openLoop(() => knock(known), FAULT),
        openLoop(() => knock(unseen), { ...FAULT, everyMs: 100 }),
      ]);
      t.comment(`${fault.kind}, known: ${tookText(served)}`);
      t.comment(`${fault.kind}, unseen: ${tookText(refused)}`);
      t.same([...new Set(served.map(({ status }) => status))], [200], 'a known key is served');
      t.same([...new Set(refused.map(({ status }) => status))], [503], 'an unseen one not judged');
      const slowest = Math.max(...[...served, ...refused].map(({ tookMs }) => tookMs));
      t.ok(slowest < PATIENCE_MS, `the slowest took ${slowest} ms`);

      const written = await insert().catch(String);
      t.match(written, /store|unavailable/i, 'a write is refused');
      t.not((await gateway.cli(['keys', 'create', '--user', 'zoe'])).code, 0, 'no key is made');
      const { status, text } = await readyz(gateway);
      t.equal(status, 503);
      t.match(text, /\[-\]store /);
      await until(() => isAlerted(gateway), { ...LONG, what: 'an alert' });

      const endedAtMs = performance.now();
      proxy.set({ kind: 'none' });
      await until(async () => (await readyz(gateway)).status === 200, { ...LONG, what: 'ready' });
      await until(async () => !(await isAlerted(gateway)), { ...LONG, what: 'the alert over' });
      await until(() => insert().then(() => true), { ...LONG, what: 'a write' });
      t.comment(`${fault.kind}: over after ${Math.round(performance.now() - endedAtMs)} ms`);
    }
    await until(async () => (await knock(unseen)).status === 200, {
      ...LONG,
      what: 'ben is let in',
    });
  });

  t.test('on a slow line all who come with one key wait for one look-up', async (t) => {
    const proxy = await startTcpFaultProxy(t, server);
    const { gateway, knock } = await bench(t, server.newDatabase(t, proxy.port));
    const unseen = await gateway.makeKey('ben');
    const asked = proxy.count(unseen.slice(5, 17));
    proxy.set({ kind: 'latency', delayMs: 300 });
    const crowd = await Promise.all(Array.from({ length: 40 }, () => knock(unseen)));
    t.comment(tookText(crowd));
    t.same([...new Set(crowd.map(({ status }) => status))], [200]);
    t.ok(asked() >= 1 && asked() <= 2, `${asked()} look-ups of 40 callers`);
  });
}

t.test(
  'another server takes over from a dead one, and who was revoked meanwhile is out',
  async (t) => {
    const directory = t.testdir();
    const first = await startMongoProcess(t, directory);
    if (typeof first === 'string') {
      t.pass('skipped', { skip: first });
      return;
    }
    const proxy = await startTcpFaultProxy(t, first);
    const { gateway, knock } = await bench(t, `mongodb://127.0.0.1:${proxy.port}/gate`);
    const [known, unseen] = [await gateway.makeKey('ana'), await gateway.makeKey('ben')];
    const revoked = await gateway.makeKey('eve');
    for (const key of [known, revoked]) {
      await until(async () => (await knock(key)).status === 200, { ...LONG, what: 'a known key' });
    }

    await first.kill();
    proxy.set({ kind: 'cut' });
    const during = await openLoop(() => knock(known), { ...FAULT, forMs: 3000 });
    t.comment(`failing over: ${tookText(during)}`);
    t.same([...new Set(during.map(({ status }) => status))], [200]);
    t.equal((await knock(revoked)).status, 200, 'nobody could have said that she is out');
    const second = await startMongoProcess(t, directory);
    if (typeof second === 'string') throw new Error(second);
    const elsewhere = await openMongoStore({ uri: `mongodb://127.0.0.1:${second.port}/gate` });
    t.teardown(() => elsewhere.close());
    t.ok(await elsewhere.keys.revoke(revoked.slice(5, 17), new Date()));

    const backAtMs = performance.now();
    proxy.lead(second);
    proxy.set({ kind: 'none' });
    await until(async () => (await knock(unseen)).status === 200, {
      ...LONG,
      what: 'ben is let in',
    });
    t.comment(`unseen keys after ${Math.round(performance.now() - backAtMs)} ms`);
    await until(async () => (await knock(revoked)).status === 401, { ...LONG, what: 'eve is out' });
    t.comment(`the revoked key is out after ${Math.round(performance.now() - backAtMs)} ms`);
    t.equal((await knock(known)).status, 200);
    await until(async () => (await readyz(gateway)).status === 200, { ...LONG, what: 'ready' });
    t.match(await gateway.makeKey('zoe'), /^mmcp_/, 'keys are made again');
  },
);
