/** What listens when its credential is revoked, restricted or runs out ends, and nothing else does. */
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { startGateway, type Gateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

interface Stream {
  readonly isOpen: () => boolean;
  readonly hasEnded: () => boolean;
}

function listen(t: Test, gateway: Gateway, credential: string): Stream {
  const socket: Socket = connect(gateway.port, '127.0.0.1');
  let text = '';
  let hasEnded = false;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    // The last chunk: a stream that ends in order, on a connection that stays.
    hasEnded ||= text.endsWith('\r\n0\r\n\r\n');
  });
  socket.on('error', () => undefined).on('close', () => (hasEnded = true));
  t.teardown(() => socket.destroy());
  const fields = [
    'Host: localhost',
    'Accept: text/event-stream',
    'MCP-Protocol-Version: 2025-06-18',
    `Authorization: Bearer ${credential}`,
  ];
  socket.write(`GET /s/mcp HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`);
  return { isOpen: () => text.startsWith('HTTP/1.1 200') && !hasEnded, hasEnded: () => hasEnded };
}

/** Whoever listens hears nothing. */
async function silentServer(t: Test): Promise<string> {
  const server = createServer((incoming, reply) => {
    reply.writeHead(200, {
      'content-type': incoming.method === 'GET' ? 'text/event-stream' : 'application/json',
    });
    if (incoming.method === 'GET') reply.write(': open\n\n');
    else reply.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

t.test('streams of revoked, restricted and expired credentials end', async (t) => {
  const gateway = await startGateway({
    config: { global: { workers: 2 }, servers: { s: { url: await silentServer(t) } } },
  });
  t.teardown(() => gateway.destroy());
  const [revoked, narrowed, denied, kept] = await Promise.all([
    gateway.makeKey('eve'),
    gateway.makeKey('ben'),
    gateway.makeKey('dan'),
    gateway.makeKey('ana'),
  ]);
  const { stdout } = await gateway.cli(['token', '--user', 'tom', '--expires', '6s']);
  const streams = {
    // On whatever worker.
    revoked: [1, 2, 3, 4].map(() => listen(t, gateway, revoked)),
    narrowed: [listen(t, gateway, narrowed)],
    denied: [listen(t, gateway, denied)],
    expiring: [listen(t, gateway, stdout.trim())],
    kept: [listen(t, gateway, kept), listen(t, gateway, kept)],
  };
  const all = Object.values(streams).flat();
  await until(() => all.every(({ isOpen }) => isOpen()), { timeoutMs: 10_000, what: 'all open' });
  const ended = async (which: readonly Stream[], what: string): Promise<void> => {
    await until(() => which.every(({ hasEnded }) => hasEnded()), { timeoutMs: 20_000, what });
    t.ok(
      streams.kept.every(({ isOpen }) => isOpen()),
      `${what}; others go on`,
    );
  };
  await ended(streams.expiring, 'the token has run out');
  t.ok(
    [...streams.revoked, ...streams.narrowed, ...streams.denied].every(({ isOpen }) => isOpen()),
  );

  await gateway.cli(['keys', 'update', idOf(kept), '--concurrency', '5']);
  await gateway.cli(['keys', 'revoke', idOf(revoked)]);
  await ended(streams.revoked, 'the key is revoked');
  await gateway.cli(['keys', 'update', idOf(narrowed), '--servers', 'other']);
  await ended(streams.narrowed, 'the key is for another server');
  await gateway.cli(['grants', 'set', 'dan', 's', '--deny']);
  await ended(streams.denied, 'the user is refused the server');
});

function idOf(key: string): string {
  return /^mmcp_([^_]+)_/.exec(key)?.[1] ?? '';
}
