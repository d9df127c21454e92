import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import t, { type Test } from 'tap';
import { TrimmedPool } from '../../src/upstream/trimmed-pool.js';
import { until } from '../support/until.js';

async function upstream(t: Test) {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  const http = createServer((_incoming, outgoing) => {
    held.push(() => outgoing.end('x'));
  });
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const trimmed = new TrimmedPool(`http://127.0.0.1:${port}`, {
    connections: 10,
    keepAliveTimeout: 60_000,
  });
  t.teardown(async () => {
    await trimmed.pool.destroy();
    http.closeAllConnections();
    http.close();
  });
  const call = async (): Promise<number> => {
    const { statusCode, body } = await trimmed.pool.request({ method: 'GET', path: '/' });
    await body.dump();
    return statusCode;
  };
  /** That many calls at once, answered when all have arrived. */
  const burst = async (count: number): Promise<readonly number[]> => {
    const calls = Array.from({ length: count }, call);
    await until(() => held.length === count, { timeoutMs: 10_000, what: 'all calls there' });
    for (const answer of held.splice(0)) answer();
    return Promise.all(calls);
  };
  const opened = (count: number) =>
    until(() => sockets.size === count, { timeoutMs: 10_000, what: `${count} connections` });
  return { trimmed, burst, opened, call, held };
}

t.test(
  'idle connections beyond the slots held are closed, and opened again when needed',
  async (t) => {
    const { trimmed, burst, opened } = await upstream(t);
    await burst(8);
    await opened(8);
    t.equal(trimmed.open, 8);
    t.equal(trimmed.trim(8), 0);
    for (let sweep = 0; sweep < 3; sweep += 1) t.equal(trimmed.trim(2), 0, 'held a moment ago');
    t.equal(trimmed.trim(2), 6);
    t.equal(trimmed.open, 2);
    await opened(2);
    t.same(await burst(5), [200, 200, 200, 200, 200]);
    await opened(5);
  },
);

t.test('a busy connection is never closed', async (t) => {
  const { trimmed, burst, opened, call, held } = await upstream(t);
  await burst(3);
  const busy = [call(), call()];
  await until(() => held.length === 2, { timeoutMs: 10_000, what: 'two calls there' });
  const idle = trimmed.open - 2;
  t.ok(idle >= 1);
  t.equal(trimmed.trim(0), idle);
  await opened(2);
  t.equal(trimmed.trim(0), 0);
  for (const answer of held.splice(0)) answer();
  t.same(await Promise.all(busy), [200, 200]);
});

t.test('connections that could not be made are forgotten', async (t) => {
  const trimmed = new TrimmedPool('http://127.0.0.1:1', { connections: 2 });
  t.teardown(() => trimmed.pool.destroy());
  for (let i = 0; i < 5; i += 1) {
    await t.rejects(trimmed.pool.request({ method: 'GET', path: '/' }), { code: 'ECONNREFUSED' });
  }
  t.equal(trimmed.open, 0);
  t.ok(trimmed.known <= 1, 'none is kept for each failure');
});
