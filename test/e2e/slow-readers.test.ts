/** Clients that do not read what they asked for harm themselves, not the server that answers them. */
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { untilIdle } from '../support/gateway-health.js';
import { modernCall } from '../support/json-rpc.js';
import { rawMessage, rawRequest } from '../support/raw-http.js';
import { startGateway, type Gateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';
import { uwsSkip } from '../support/uws-skip.js';

t.setTimeout(180_000);

const FLOOD = fileURLToPath(
  new URL('../support/module-fixtures/flood-module.mjs', import.meta.url),
);
/** More than the breaker needs to judge a server. */
const ROUNDS = 6;
const READERS = 5;

function post(key: string, progressToken?: string): string {
  const { message, headers } = modernCall(7, 'flood', {});
  const params = message['params'] as { _meta: Record<string, unknown> };
  if (progressToken !== undefined) params._meta = { ...params._meta, progressToken };
  return rawMessage('flood', key, { message, headers });
}

function readNothing(t: Test, gateway: Gateway, request: string): Socket {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  socket.pause();
  socket.write(request);
  return socket;
}

async function restOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.resume();
  const isOver = (): boolean => socket.destroyed || text.endsWith('\r\n0\r\n\r\n');
  await until(isOver, { timeoutMs: 10_000, what: 'the end of the stream' });
  return text;
}

for (const front of ['uws', 'node'] as const) {
  t.test(
    `${front}: thirty of them do not open the server's circuit`,
    { skip: front === 'uws' && uwsSkip },
    async (t) => {
      const gateway = await startGateway({
        config: { global: { workers: 1, front }, servers: { flood: { module: FLOOD } } },
      });
      t.teardown(() => gateway.destroy());
      const key = await gateway.makeKey('ana');
      for (let round = 0; round < ROUNDS; round += 1) {
        const sockets = Array.from({ length: READERS }, () =>
          readNothing(t, gateway, post(key, 'p')),
        );
        await until(async () => (await requestsLogged(gateway)) >= (round + 1) * READERS, {
          timeoutMs: 30_000,
          what: 'the end of all of them',
        });
        const [first, ...others] = sockets;
        for (const other of others) other.destroy();
        if (first === undefined) continue;
        const seen = await restOf(first);
        t.match(seen, /^HTTP\/1.1 200 /);
        t.match(
          seen.slice(-1000),
          /"id":7,"error":\{[^\n]*GW_SLOW_READER/,
          'a modern stream cannot be resumed, so it is told',
        );
      }
      await untilIdle(gateway);
      const { servers } = await gateway.json('/health');
      t.match(servers, { flood: { circuitBreaker: { state: 'closed' } } });
      const answered = await rawRequest(gateway.port, post(key));
      t.match(answered, { status: 200, body: /"done"/ });
    },
  );
}

async function requestsLogged(gateway: Gateway): Promise<number> {
  return (await gateway.logs()).split('"target":"flood"').length - 1;
}
