import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { TrimmedPool, type HeldPlace } from '../../src/upstream/trimmed-pool.js';
import { until } from '../support/until.js';

/** One exchange on a place of the pool; resolves with the status, or with why it failed. */
function exchangeOn(pool: TrimmedPool, place: HeldPlace): Promise<number | string> {
  return new Promise((resolve) => {
    let status = 0;
    place.client.dispatch(
      { method: 'GET', path: '/' },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => {
          status = code;
        },
        onResponseData: () => undefined,
        onResponseEnd: () => {
          pool.free(place);
          resolve(status);
        },
        onResponseError: (_controller, error) => {
          pool.free(place);
          resolve(error.message);
        },
      },
    );
  });
}

async function upstream(t: Test, keepAliveTimeout = 60_000) {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  const idleClosed: number[] = [];
  let connected = 0;
  const http = createServer((_incoming, outgoing) => {
    held.push(() => outgoing.end('x'));
  });
  http.on('connection', (socket) => {
    connected += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const pool = new TrimmedPool(`http://127.0.0.1:${port}`, {
    connections: 10,
    connectTimeoutMs: 10_000,
    client: { keepAliveTimeout },
    onIdleClosed: (count) => idleClosed.push(count),
  });
  t.teardown(async () => {
    await pool.close();
    http.closeAllConnections();
    http.close();
  });
  const call = () => exchangeOn(pool, pool.take());
  /** That many calls at once, answered when all have arrived. */
  const burst = async (count: number) => {
    const calls = Array.from({ length: count }, call);
    await until(() => held.length === count, { timeoutMs: 10_000, what: 'all calls there' });
    for (const answer of held.splice(0)) answer();
    return Promise.all(calls);
  };
  const opened = (count: number) =>
    until(() => sockets.size === count, { timeoutMs: 10_000, what: `${count} connections` });
  return { pool, burst, opened, call, held, idleClosed, connected: () => connected };
}

t.test(
  'idle connections are closed when their slots are elsewhere, and opened when needed',
  async (t) => {
    const { pool, burst, opened, idleClosed } = await upstream(t);
    await burst(8);
    await opened(8);
    t.equal(pool.open, 8);
    pool.closeIdle(6);
    t.same(idleClosed, [6]);
    t.equal(pool.open, 2, 'they do not count from that moment');
    await opened(2);
    t.same(await burst(5), [200, 200, 200, 200, 200]);
    await opened(5);
    t.equal(pool.open, 5);
  },
);

t.test('no connection is opened beside an idle one', async (t) => {
  const { pool, burst, opened, connected } = await upstream(t);
  await burst(4);
  pool.closeIdle(1);
  await opened(3);
  await burst(3);
  t.equal(connected(), 4, 'the three that were open');
  await burst(1);
  await burst(2);
  t.equal(connected(), 4);
  t.equal(pool.open, 3);
});

t.test('a call in the moment of such a closing is not failed by it', async (t) => {
  const { pool, burst, call, held, opened } = await upstream(t);
  await burst(2);
  pool.closeIdle(2);
  const calls = [call(), call(), call()];
  await until(() => held.length === 3, { timeoutMs: 10_000, what: 'all there' });
  for (const answer of held.splice(0)) answer();
  t.same(await Promise.all(calls), [200, 200, 200]);
  await opened(3);
  t.equal(pool.open, 3);
});

t.test('a busy connection is never closed', async (t) => {
  const { pool, burst, opened, call, held, idleClosed } = await upstream(t);
  await burst(3);
  const busy = [call(), call()];
  await until(() => held.length === 2, { timeoutMs: 10_000, what: 'two calls there' });
  pool.closeIdle(2);
  t.same(idleClosed, [1]);
  await opened(2);
  pool.closeIdle(2);
  t.equal(pool.open, 2);
  for (const answer of held.splice(0)) answer();
  t.same(await Promise.all(busy), [200, 200]);
});

t.test('beyond its connections calls wait behind others', async (t) => {
  const { pool, call, held } = await upstream(t);
  const calls = Array.from({ length: 13 }, call);
  await until(() => held.length === 10, { timeoutMs: 10_000, what: 'ten at once' });
  t.equal(pool.open, 10);
  for (const answer of held.splice(0)) answer();
  await until(() => held.length === 3, { timeoutMs: 10_000, what: 'the rest' });
  for (const answer of held.splice(0)) answer();
  t.ok((await Promise.all(calls)).every((status) => status === 200));
});

t.test('what was unused for too long is closed and counted', async (t) => {
  const { pool, burst, opened, idleClosed } = await upstream(t, 1100);
  await burst(2);
  await opened(0);
  await until(() => idleClosed.length === 2, { timeoutMs: 10_000, what: 'both counted' });
  t.equal(pool.open, 0);
  t.same(await burst(2), [200, 200]);
});

t.test('a connection that cannot be made fails its call, and its place serves again', async (t) => {
  const pool = new TrimmedPool('http://127.0.0.1:1', {
    connections: 1,
    connectTimeoutMs: 1000,
    client: {},
  });
  t.teardown(() => pool.close());
  for (let i = 0; i < 3; i += 1) {
    t.match(await exchangeOn(pool, pool.take()), /ECONNREFUSED/);
    t.equal(pool.open, 0);
  }
});

t.test('a connection on its way for nobody is given up', async (t) => {
  const tcp = createTcpServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  t.teardown(() => tcp.close());
  const pool = new TrimmedPool(`http://127.0.0.1:${port}`, {
    connections: 2,
    connectTimeoutMs: 10_000,
    client: {},
  });
  t.teardown(() => pool.close());
  const place = pool.take();
  const failed = exchangeOn(pool, place);
  t.equal(pool.open, 1, 'it counts from its beginning');
  pool.abandon(place);
  t.equal(pool.open, 0);
  t.equal(await failed, 'nobody waits for it');
  t.equal(pool.open, 0);
});

t.test('connections are told by what they do, attempts by how they ended', async (t) => {
  const ends: (string | null)[] = [];
  const onConnected = (durationMs: number, error: Error | null): void => {
    t.ok(durationMs >= 0);
    ends.push(error === null ? null : ((error as NodeJS.ErrnoException).code ?? ''));
  };
  const held: (() => void)[] = [];
  const http = createServer((_incoming, outgoing) => {
    held.push(() => outgoing.end('x'));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const settings = { connections: 2, connectTimeoutMs: 10_000, client: {}, onConnected };
  const pool = new TrimmedPool(`http://127.0.0.1:${port}`, settings);
  t.teardown(async () => {
    await pool.close();
    http.closeAllConnections();
    http.close();
  });
  t.same(pool.counts(), { active: 0, idle: 0, connecting: 0 });
  const call = exchangeOn(pool, pool.take());
  t.same(pool.counts(), { active: 0, idle: 0, connecting: 1 });
  await until(() => held.length === 1, { timeoutMs: 10_000, what: 'the call there' });
  t.same(pool.counts(), { active: 1, idle: 0, connecting: 0 });
  for (const answer of held.splice(0)) answer();
  await call;
  t.same(pool.counts(), { active: 0, idle: 1, connecting: 0 });
  const away = new TrimmedPool('http://127.0.0.1:1', settings);
  t.teardown(() => away.close());
  await exchangeOn(away, away.take());
  t.same(ends, [null, 'ECONNREFUSED']);
});

t.test(
  'a call that comes after the close is carried, and its connection closed then',
  async (t) => {
    const { pool, call, held, opened } = await upstream(t);
    const before = call();
    await until(() => held.length === 1, { timeoutMs: 10_000, what: 'a call' });
    await pool.close();
    t.match(await before, /destroyed/, 'what was under way is ended');
    const late = [call(), call()];
    await until(() => held.length === 3, { timeoutMs: 10_000, what: 'the late calls' });
    for (const answer of held.slice(1)) answer();
    t.same(await Promise.all(late), [200, 200]);
    await opened(0);
    t.equal(pool.open, 0);
  },
);

t.test('a raised limit holds for the calls that come next, on the same connections', async (t) => {
  const { pool, burst, call, held, connected } = await upstream(t);
  pool.limit(1);
  await burst(1);
  const first = call();
  await until(() => held.length === 1, { timeoutMs: 10_000, what: 'the first there' });
  pool.limit(3);
  const more = [call(), call()];
  await until(() => held.length === 3, { timeoutMs: 10_000, what: 'all there at once' });
  for (const answer of held.splice(0)) answer();
  t.same(await Promise.all([first, ...more]), [200, 200, 200]);
  t.equal(connected(), 3, 'the first one of before is used on');
});
