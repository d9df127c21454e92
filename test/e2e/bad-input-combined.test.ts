/**
 * Faults that come together: a bad credential with a bad body from a client that leaves, and all the other
 * combinations. Each gets one answer, and no combination harms the process that answers.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import jwt from 'jsonwebtoken';
import t, { type Test } from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { health, pids, untilIdle } from '../support/gateway-health.js';
import { modernCall } from '../support/json-rpc.js';
import { startGateway } from '../support/start-gateway.js';
import { within } from '../support/until.js';
import { uwsSkip } from '../support/uws-skip.js';

t.setTimeout(240_000);

const AT_ONCE = 20;
const METHODS = ['POST', 'GET', 'DELETE', 'PUT', 'OPTIONS', 'HEAD'];
const CONTENT_TYPES = ['application/json', 'text/plain', null];
const SESSIONS = [null, 'no-session', 'x'.repeat(500)];
const VERSIONS = ['2026-07-28', '2025-06-18', '1999-01-01', null];
const SERVERS = ['fake', 'fake', 'nobody'];

type Leaving = 'stays' | 'leaves at once' | 'leaves halfway';
const LEAVING: readonly Leaving[] = ['stays', 'leaves at once', 'leaves halfway'];

async function survivesCombinations(t: Test, front: 'uws' | 'node'): Promise<void> {
  const JWT_SECRET = randomBytes(32).toString('base64url');
  const upstream = await startFakeUpstream({ eras: ['modern', 'legacy'] });
  t.teardown(() => upstream.close());
  const gateway = await startGateway({
    env: { JWT_SECRET },
    config: { global: { workers: 1, front }, servers: { fake: { url: upstream.url } } },
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const sign = (secret: string, expiresIn: '1h' | '-1h'): string =>
    jwt.sign({ sub: 'ana' }, secret, { expiresIn, issuer: 'multi-mcp', audience: 'multi-mcp' });
  const credentials: readonly (() => readonly string[])[] = [
    () => [`Authorization: Bearer ${key}`],
    () => [],
    () => ['Authorization: Bearer no-key'],
    // New ones each time, so that each has to be looked up.
    () => [`Authorization: Bearer ${key.slice(0, -6)}${randomBytes(3).toString('hex')}`],
    () => [`Authorization: Bearer ${sign(randomBytes(32).toString('hex'), '1h')}`],
    () => [`Authorization: Bearer ${sign(JWT_SECRET, '-1h')}`],
    () => [`Authorization: Bearer ${key}`, 'X-API-Key: another'],
  ];
  const good = modernCall(1, 'echo', { value: 'good' });
  const goodBody = JSON.stringify(good.message);
  const bodies: readonly { readonly text: string; readonly announced?: number }[] = [
    { text: goodBody },
    { text: '' },
    { text: goodBody.slice(0, 50) },
    { text: `[${goodBody},${goodBody}]` },
    { text: goodBody, announced: 5_000_000 },
  ];
  const before = pids((await health(gateway)).workers);

  const requests: { readonly bytes: string; readonly leaving: Leaving }[] = [];
  for (const credential of credentials) {
    for (const method of METHODS) {
      for (const contentType of CONTENT_TYPES) {
        for (const { text, announced } of bodies) {
          for (const leaving of LEAVING) {
            // What is left of the combinations takes turns.
            const turn = Math.floor(requests.length / LEAVING.length);
            const version = VERSIONS[turn % VERSIONS.length];
            const session = SESSIONS[Math.floor(turn / 4) % SESSIONS.length];
            const server = SERVERS[Math.floor(turn / 3) % SERVERS.length] ?? '';
            const lines = [
              `${method} /${server}/mcp HTTP/1.1`,
              `Host: localhost:${gateway.port}`,
              'Accept: application/json, text/event-stream',
              ...credential(),
              ...(contentType == null ? [] : [`Content-Type: ${contentType}`]),
              ...(session == null ? [] : [`Mcp-Session-Id: ${session}`]),
              ...(version == null ? [] : [`MCP-Protocol-Version: ${version}`]),
              'Mcp-Method: tools/call',
              'Mcp-Name: echo',
              `Content-Length: ${announced ?? Buffer.byteLength(text)}`,
            ];
            requests.push({ bytes: `${lines.join('\r\n')}\r\n\r\n${text}`, leaving });
          }
        }
      }
    }
  }

  const statuses = new Map<number, number>();
  const left = requests.values();
  const send = async (): Promise<void> => {
    for (const { bytes, leaving } of left) {
      if (leaving === 'stays') {
        const status = await within(30_000, bytes, statusOf(gateway.port, bytes));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        continue;
      }
      const socket = connect(gateway.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      const share = leaving === 'leaves halfway' ? 0.5 : 1;
      socket.write(bytes.slice(0, Math.floor(bytes.length * share)), () => socket.destroy());
      await once(socket, 'close');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, send));

  t.comment(`statuses of ${requests.length} requests`, Object.fromEntries(statuses));
  t.equal(statuses.get(500), undefined, 'none met a fault of the gateway');
  t.equal(statuses.get(0), undefined, 'none was left without an answer');
  for (const status of [200, 400, 401, 404, 405, 413, 415]) {
    t.ok((statuses.get(status) ?? 0) > 0, `some were answered with ${status}`);
  }
  await untilIdle(gateway);
  const { workers } = await health(gateway);
  t.same(pids(workers), before, 'the worker is the same');
  t.same(
    workers.map(({ restarts }) => restarts),
    [0],
  );
  t.notMatch(await gateway.logs(), /nobody looked|GW_INTERNAL|handler failed/);
}

/** Of the reply to these bytes, which may be a stream without an end; 0 when there is none. */
function statusOf(port: number, bytes: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  let head = '';
  return new Promise((resolve) => {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      head += text;
      if (!head.includes('\r\n\r\n')) return;
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0));
      socket.destroy();
    });
    socket.on('close', () => {
      resolve(0);
    });
  });
}

t.test('uWebSockets.js: no combination of faults harms the worker', { skip: uwsSkip }, (t) =>
  survivesCombinations(t, 'uws'),
);
t.test('node:http: no combination of faults harms the worker', (t) =>
  survivesCombinations(t, 'node'),
);
