import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import t from 'tap';
import { FrameEncoder } from '../../src/ipc/frame-encoder.js';
import { hostPair, startedServer } from '../support/host-pair.js';
import { recordingHandler, upstreamRequest } from '../support/recording-handler.js';
import { socketPath } from '../support/socket-path.js';

t.test('only the owner may open the socket, and it is gone afterwards', async (t) => {
  const path = socketPath(t);
  const server = startedServer(path, {});
  await server.listen();
  t.equal(statSync(path).mode & 0o777, 0o600);
  await server.close();
  t.notOk(existsSync(path));
});

t.test('the socket of a dead host is replaced, any other file is not', async (t) => {
  const path = socketPath(t);
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(path, resolve));
  const server = startedServer(path, {});
  await server.listen();
  await server.close();
  await new Promise((resolve) => dead.close(resolve));
  writeFileSync(path, 'precious');
  await t.rejects(startedServer(path, {}).listen(), /is no socket: move it away/);
  t.ok(existsSync(path));
});

t.test('what one of the same number left when it died while it began is no obstacle', async (t) => {
  const path = socketPath(t);
  writeFileSync(join(dirname(path), `${process.pid}.sock`), '');
  const server = startedServer(path, {});
  await server.listen();
  await server.close();
  t.strictSame(readdirSync(dirname(path)), []);
});

t.test('a host that ends late leaves the socket of the one that took its place', async (t) => {
  const path = socketPath(t);
  const former = startedServer(path, {});
  await former.listen();
  const present = startedServer(path, {});
  await present.listen();
  await former.close();
  former.removeSocket();
  t.ok(existsSync(path));
  await new Promise<void>((resolve, reject) => {
    const socket = createConnection(path, () => socket.end(resolve)).once('error', reject);
  });
  await present.close();
  t.notOk(existsSync(path));
  t.strictSame(readdirSync(dirname(path)), [], 'no other name is left either');
});

t.test('a path too long for a unix socket is refused with advice', async (t) => {
  const server = startedServer(`/tmp/${'x'.repeat(120)}`, {});
  await t.rejects(server.listen(), /shorter data directory/);
});

t.test('an unknown server is an error of its own', async (t) => {
  const { link } = await hostPair(t, {});
  const handler = recordingHandler();
  link.transport('nobody').dispatch(upstreamRequest(), handler);
  t.equal((await handler.ended)?.code, 'GW_SERVER_UNKNOWN');
});

t.test('an endpoint that throws costs its own exchange only', async (t) => {
  const { link } = await hostPair(t, {
    srv: () => {
      throw new Error('boom');
    },
  });
  const first = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), first);
  t.equal((await first.ended)?.code, 'GW_INTERNAL');
  const second = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), second);
  t.equal((await second.ended)?.code, 'GW_INTERNAL');
});

t.test('a worker that dies aborts its own exchanges and no others', async (t) => {
  const aborted: string[] = [];
  let onAborted: () => void = () => undefined;
  const { path, server, link } = await hostPair(t, {
    srv: (exchange) => {
      exchange.onAbort(() => {
        aborted.push(exchange.request.user);
        if (aborted.length === 2) onAborted();
      });
      exchange.reply.head(200, []);
    },
  });
  const bothAborted = new Promise<void>((resolve) => {
    onAborted = resolve;
  });
  const encoder = new FrameEncoder();
  const request = {
    server: 'srv',
    credential: null,
    method: 'GET' as const,
    headers: [],
    body: null,
  };
  encoder.open(1, { ...request, user: 'a' });
  encoder.open(2, { ...request, user: 'b' });
  const dying = createConnection(path);
  for (const part of encoder.take()) dying.write(part);
  dying.once('data', () => {
    dying.destroy();
  });
  const handler = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest({ user: 'c' }), handler);
  await Promise.all([handler.headed, bothAborted]);
  t.strictSame(aborted.sort(), ['a', 'b']);
  t.equal(server.inFlight, 1);
});

t.test('a draining host refuses new exchanges and waits for the old ones', async (t) => {
  let finish: () => void = () => undefined;
  const { server, link } = await hostPair(t, {
    srv: ({ reply }) => {
      reply.head(200, []);
      finish = () => {
        reply.end();
      };
    },
  });
  const old = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), old);
  await old.headed;
  const drained = server.drain(5000);
  const late = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), late);
  t.equal((await late.ended)?.code, 'GW_DRAINING');
  t.strictSame(old.events, ['head']);
  finish();
  await drained;
  t.equal(await old.ended, null);
  t.equal(server.inFlight, 0);
});

t.test('a drain that takes too long ends, and close tells the clients', async (t) => {
  const { server, link } = await hostPair(t, {
    srv: ({ reply }) => {
      reply.head(200, []);
    },
  });
  const handler = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), handler);
  await handler.headed;
  await server.drain(20);
  await server.close();
  t.equal((await handler.ended)?.code, 'GW_DRAINING');
});
