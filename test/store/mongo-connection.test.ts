import { inspect } from 'node:util';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { monotonicMs } from '../../src/kernel/clock.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { MongoConnection } from '../../src/store/mongo-connection.js';
import { openMongoStore } from '../../src/store/mongo-store.js';
import type { Store } from '../../src/store/store.js';
import { startMongoServer } from '../support/mongo-server.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';
import { until } from '../support/until.js';

const SCOPE = { server: 'notes', user: 'ana' };
/** The store port's promise and what timers on a busy machine add. */
const DEADLINE_MS = 2000 + 300;

interface Timed {
  /** Null when the call succeeded. */
  readonly code: unknown;
  readonly tookMs: number;
}

async function timed(call: Promise<unknown>): Promise<Timed> {
  const startedAtMs = monotonicMs();
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  const code = error instanceof GatewayError ? error.code : error;
  return { code, tookMs: monotonicMs() - startedAtMs };
}

function codesOf(calls: readonly Timed[]): unknown[] {
  return [...new Set(calls.map(({ code }) => code))];
}

function slowestOf(calls: readonly Timed[]): number {
  return Math.max(...calls.map(({ tookMs }) => tookMs));
}

const server = await startMongoServer(t);

t.test(
  'a server that accepts and never answers fails the opening within its deadline',
  async (t) => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const opened = await timed(openMongoStore({ uri: `mongodb://127.0.0.1:${port}/x` }));
    t.equal(opened.code, 'GW_STORE_UNAVAILABLE');
    t.ok(opened.tookMs < DEADLINE_MS + 2000, `took ${opened.tookMs} ms, closing included`);
  },
);

t.test(
  'no server at all: the error names the place and the trouble, never the password',
  async (t) => {
    const uri = 'mongodb://ana:s3cret@127.0.0.1:1/gate';
    const error: unknown = await openMongoStore({ uri }).catch((thrown: unknown) => thrown);
    t.match(error, {
      code: 'GW_STORE_UNAVAILABLE',
      message: /127\.0\.0\.1:1\/gate.*ECONNREFUSED/s,
    });
    t.notMatch(inspect(error, { depth: 9, showHidden: true }), /s3cret/);
  },
);

t.test('a connection string the driver refuses is told without its password', (t) => {
  for (const uri of [
    'mongodb://ana:s3cret@127.0.0.1:notaport/x',
    'mongodb://ana:s3cret@127.0.0.1/x?nonsense=1',
    'mongodb://ana:s3c%ret@127.0.0.1/x',
    'mongodb+srv://ana:s3cret@a,b/x',
    'mongodb://ana:s3cret@',
  ]) {
    let error: unknown;
    try {
      new MongoConnection(uri);
    } catch (thrown) {
      error = thrown;
    }
    t.match(error, { name: 'StoreAddressError', message: /not a valid connection string/ }, uri);
    t.notMatch(inspect(error, { depth: 9, showHidden: true }), /s3c/, uri);
  }
  t.end();
});

t.test(
  'an opening that may be lazy succeeds while the server is away, and its calls fail',
  async (t) => {
    const store = await openMongoStore({ uri: 'mongodb://127.0.0.1:1/x', isLazy: true });
    t.teardown(() => store.close());
    const { code, tookMs } = await timed(store.ping());
    t.equal(code, 'GW_STORE_UNAVAILABLE');
    t.ok(tookMs < DEADLINE_MS, `took ${tookMs} ms`);
  },
);

if (typeof server === 'string') {
  t.test('faults between driver and server', { skip: server }, () => undefined);
} else {
  const openThroughProxy = async (t: Test, options: { readonly deadlineMs?: number } = {}) => {
    const proxy = await startTcpFaultProxy(t, server);
    const uri = server.newDatabase(t, proxy.port);
    const store = await openMongoStore({ uri, ...options });
    t.teardown(() => store.close());
    await store.documents.put(SCOPE, 'k', 'before');
    return { proxy, store };
  };
  const reads = (store: Store, count: number) =>
    Promise.all(Array.from({ length: count }, () => timed(store.documents.get(SCOPE, 'k'))));
  const answersAgain = (store: Store) =>
    until(() => store.documents.get(SCOPE, 'k'), { timeoutMs: 5000, what: 'an answer' });

  for (const fault of [
    { kind: 'cut' },
    { kind: 'half-open' },
    { kind: 'latency', delayMs: 5000 },
  ] as const) {
    t.test(
      `${fault.kind}: no call waits over 2 s, the next ones not at all, and it recovers`,
      async (t) => {
        const { proxy, store } = await openThroughProxy(t);
        proxy.set(fault);
        const first = await reads(store, 50);
        t.same(codesOf(first), ['GW_STORE_UNAVAILABLE']);
        t.ok(slowestOf(first) < DEADLINE_MS, `took ${slowestOf(first)} ms`);
        const revoked = await timed(store.keys.revoke('abcdefghijkm', new Date()));
        t.equal(revoked.code, 'GW_STORE_UNAVAILABLE');
        t.ok(revoked.tookMs < DEADLINE_MS, `took ${revoked.tookMs} ms`);
        // While one call tries the server, the others do not wait for it.
        const [trying, ...others] = await reads(store, 50);
        t.ok(trying !== undefined && trying.tookMs < DEADLINE_MS);
        t.ok(slowestOf(others) < 200, `refused within ${slowestOf(others)} ms`);
        proxy.set({ kind: 'none' });
        t.match(await answersAgain(store), { value: 'before' });
        t.equal((await timed(store.documents.put(SCOPE, 'k', 'after'))).code, null);
        t.ok(proxy.openCount() <= 20, `${proxy.openCount()} connections are open`);
      },
    );
  }

  t.test('a line of 100 ms is slow and works', async (t) => {
    const { proxy, store } = await openThroughProxy(t);
    proxy.set({ kind: 'latency', delayMs: 100 });
    for (const { code, tookMs } of await reads(store, 5)) {
      t.equal(code, null);
      t.ok(tookMs >= 200, `took ${tookMs} ms`);
    }
  });

  t.test('what opened lazily while the server was away works once it is back', async (t) => {
    const proxy = await startTcpFaultProxy(t, server);
    proxy.set({ kind: 'cut' });
    const store = await openMongoStore({ uri: server.newDatabase(t, proxy.port), isLazy: true });
    t.teardown(() => store.close());
    const refused = [await timed(store.ping()), ...(await reads(store, 5))];
    t.same(codesOf(refused), ['GW_STORE_UNAVAILABLE']);
    proxy.set({ kind: 'none' });
    await until(() => store.ping().then(() => true), { timeoutMs: 20_000, what: 'an answer' });
    t.equal(await store.documents.put(SCOPE, 'k', 1), 1);
  });

  t.test('closing does not wait for a silent server', async (t) => {
    const { proxy, store } = await openThroughProxy(t);
    proxy.set({ kind: 'half-open' });
    const { code, tookMs } = await timed(store.close());
    t.equal(code, null);
    t.ok(tookMs < DEADLINE_MS, `took ${tookMs} ms`);
  });

  t.test('more calls at once than the pool has connections all succeed', async (t) => {
    const { proxy, store } = await openThroughProxy(t, { deadlineMs: 30_000 });
    t.same(codesOf(await reads(store, 200)), [null]);
    t.ok(proxy.openCount() <= 12, `${proxy.openCount()} connections, monitoring included`);
  });
}
