import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import t from 'tap';
import { acquirePort, PortHeldError } from '../../src/primary/port-guard.js';

const me = { configPath: '/etc/multi-mcp.json' };

async function listener(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

t.test('a second gateway on a port learns who holds it', async (t) => {
  const first = await acquirePort('127.0.0.1', 0, me);
  t.ok(first.port > 0);
  const second = await acquirePort('127.0.0.1', first.port, me).catch((error: unknown) => error);
  t.ok(second instanceof PortHeldError);
  t.match(second, {
    holder: { pid: process.pid },
    message: new RegExp(`pid ${process.pid}, configuration /etc/multi-mcp.json`),
  });
  first.release();
});

t.test('a port can be taken again once it was released', async (t) => {
  const first = await acquirePort('127.0.0.1', 0, me);
  first.release();
  const second = await acquirePort('127.0.0.1', first.port, me);
  t.equal(second.port, first.port);
  second.release();
});

t.test('another program on the port is named by pid and command', async (t) => {
  const server = await listener(0);
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const refusal = await acquirePort('127.0.0.1', port, me).catch((error: unknown) => error);
  t.match(refusal, { name: 'PortHeldError', holder: { pid: process.pid, description: /node/ } });
});

t.test('a failed attempt leaves the lock free', async (t) => {
  const server = await listener(0);
  const { port } = server.address() as AddressInfo;
  await t.rejects(acquirePort('127.0.0.1', port, me));
  server.close();
  await once(server, 'close');
  const lock = await acquirePort('127.0.0.1', port, me);
  t.equal(lock.port, port);
  lock.release();
});

t.test('an address that is not ours is the system’s own error', async (t) => {
  await t.rejects(acquirePort('203.0.113.1', 20_000, me), { code: 'EADDRNOTAVAIL' });
});
