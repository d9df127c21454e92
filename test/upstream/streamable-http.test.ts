import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { createStreamableHttp } from '../../src/upstream/streamable-http.js';
import type { UpstreamRequest } from '../../src/upstream/transport.js';
import { NO_PRLIMIT, takeAllFiles } from '../support/take-all-files.js';
import { until } from '../support/until.js';

interface Received {
  readonly body: string;
  readonly request: IncomingMessage;
  readonly reply: ServerResponse;
}

/** `at`: the port of another server than its own. */
async function rig(t: Test, at?: number) {
  const open: Received[] = [];
  const http = createServer((incoming, reply) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      open.push({ body: Buffer.concat(chunks).toString(), request: incoming, reply });
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const transport = createStreamableHttp({
    url: `http://127.0.0.1:${at ?? port}/mcp`,
    headers: {},
    maxConnections: 1,
    maxStreams: 10,
    idleTimeoutMs: 60_000,
    connectTimeoutMs: 10_000,
  });
  t.teardown(async () => {
    await transport.close();
    http.closeAllConnections();
    http.close();
  });
  const ended: string[] = [];
  let received = '';
  const post = (name: string, more: Partial<UpstreamRequest> = {}) =>
    transport.dispatch(
      {
        method: 'POST',
        headers: [],
        body: Buffer.from(name),
        user: 'ana',
        credential: null,
        headTimeoutMs: 60_000,
        idleTimeoutMs: 60_000,
        ...more,
      },
      {
        onHead: () => undefined,
        onData: (chunk) => {
          received += chunk.toString();
          return true;
        },
        onEnd: () => ended.push(name),
        onError: ({ code }) => ended.push(`${name} ${code}`),
      },
    );
  const arrived = (...bodies: string[]) =>
    until(() => open.map(({ body }) => body).join() === bodies.join(), {
      timeoutMs: 10_000,
      what: `${bodies.join()} at the server`,
    });
  const endOf = (name: string) =>
    until(() => ended.includes(name), { timeoutMs: 10_000, what: `the end of ${name}` });
  return { post, arrived, endOf, open, ended, received: () => received };
}

t.test('who only listens takes no connection of calls', async (t) => {
  const { post, arrived, endOf, open } = await rig(t);
  post('listener', { isListening: true });
  await arrived('listener');
  post('call');
  await arrived('listener', 'call');
  open[1]?.reply.end('{}');
  await endOf('call');
});

t.test('who listens waits for the head as long as it takes; who calls does not', async (t) => {
  const { post, arrived, endOf, open } = await rig(t);
  const briefly = { headTimeoutMs: 1 };
  post('listener', { ...briefly, method: 'GET', body: null });
  await arrived('');
  post('call', briefly);
  await endOf('call GW_UPSTREAM_TIMEOUT');
  open[0]?.reply.end();
  await endOf('listener');
});

t.test('a call that is given up leaves its place to the next, sent or not', async (t) => {
  const { post, arrived, endOf, open, ended } = await rig(t);
  post('unsent').abort();
  const sent = post('sent');
  await arrived('sent');
  sent.abort();
  post('last');
  await arrived('sent', 'last');
  open[1]?.reply.end('{}');
  await endOf('last');
  t.same(ended, ['last'], 'no callback follows an abort');
});

t.test('a header value beyond ASCII goes to the server as UTF-8', async (t) => {
  const { post, arrived, endOf, open } = await rig(t);
  post('call', { headers: ['user-agent', 'Žofie 🦊', 'accept-language', 'de'] });
  await arrived('call');
  const { headers } = open[0]?.request ?? {};
  t.equal(Buffer.from(headers?.['user-agent'] ?? '', 'latin1').toString(), 'Žofie 🦊');
  t.equal(headers?.['accept-language'], 'de');
  open[0]?.reply.end('{}');
  await endOf('call');
});

t.test(
  'a header that cannot be written is the fault of its client, not of the server',
  async (t) => {
    const { post, arrived, endOf, ended } = await rig(t);
    post('odd call', { headers: ['user-agent', 'a\x7fb'] });
    post('odd stream', { headers: ['last-event-id', 'a\x7fb'], isListening: true });
    await endOf('odd call GW_BAD_REQUEST');
    await endOf('odd stream GW_BAD_REQUEST');
    post('next');
    await arrived('next');
    t.same(
      ended,
      ['odd call GW_BAD_REQUEST', 'odd stream GW_BAD_REQUEST'],
      'and its place is free',
    );
  },
);

t.test('an answer passes without the byte order mark before it', async (t) => {
  const { post, arrived, endOf, open, received } = await rig(t);
  post('marked');
  await arrived('marked');
  open[0]?.reply.end('\ufeff{}');
  await endOf('marked');
  t.equal(received(), '{}');
  post('half a mark');
  await arrived('marked', 'half a mark');
  open[1]?.reply.end(Buffer.of(0xef));
  await endOf('half a mark');
  t.equal(received(), '{}\ufffd', 'which is none');
});

for (const [what, bytes] of [
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a header name that is none', 'HTTP/1.1 200 OK\r\nx(y): z\r\nContent-Length: 0\r\n\r\n'],
  ['100 where nobody asked for it', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
  [
    'with another protocol',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  ],
] as const) {
  t.test(`a server that answers ${what} broke the protocol; it was reached`, async (t) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(bytes));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { post, endOf } = await rig(t, port);
    post('call');
    await endOf('call GW_UPSTREAM_PROTOCOL');
  });
}

t.test(
  'a call for which no file is free is refused by the gateway, not by the server',
  async (t) => {
    const { post, arrived, ended } = await rig(t);
    const giveBack = takeAllFiles();
    if (giveBack === null) {
      t.pass('skipped', { skip: NO_PRLIMIT });
      return;
    }
    post('starved');
    const refused = until(() => ended.length > 0, { timeoutMs: 10_000, what: 'its refusal' });
    await refused.finally(giveBack);
    t.same(ended, ['starved GW_SHED'], 'which no circuit breaker counts');
    post('later');
    await arrived('later');
  },
);
