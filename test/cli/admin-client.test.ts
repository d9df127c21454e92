import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createRawServer, type Server } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { askGateway, askRunningGateway } from '../../src/cli/admin-client.js';
import { shortDir } from '../support/short-dir.js';

async function listening(t: Test, server: Server): Promise<string> {
  const socketPath = join(shortDir(t), 'admin.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return socketPath;
}

const get = { method: 'GET', path: '/status' } as const;

t.test('no socket means that no gateway runs', async (t) => {
  const socketPath = join(shortDir(t), 'admin.sock');
  t.equal(await askGateway({ ...get, socketPath }), null);
  const error = await askRunningGateway({ ...get, socketPath }).catch((thrown: unknown) => thrown);
  t.match(error, { exitCode: 69 });
});

t.test('a gateway that does not answer is given up in time', async (t) => {
  const socketPath = await listening(
    t,
    createRawServer(() => undefined),
  );
  await t.rejects(askGateway({ ...get, socketPath, timeoutMs: 20 }), {
    exitCode: 69,
    message: /did not answer within 0\.02 s/,
  });
});

t.test('a connection that breaks off and an answer that is no JSON say so', async (t) => {
  const broken = await listening(
    t,
    createRawServer((socket) => {
      socket.once('data', () => socket.destroy());
    }),
  );
  await t.rejects(askGateway({ ...get, socketPath: broken }), {
    exitCode: 69,
    message: /broke off/,
  });
  const odd = await listening(
    t,
    createServer((_, response) => response.end('<html>')),
  );
  await t.rejects(askGateway({ ...get, socketPath: odd }), { exitCode: 70, message: /not JSON/ });
});

t.test('an answer without end is cut', async (t) => {
  const endless = await listening(
    t,
    createServer((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1_000_000)));
      };
      response.on('drain', more);
      more();
    }),
  );
  await t.rejects(askGateway({ ...get, socketPath: endless }), { message: /too large/ });
});

t.test('a refusal carries the gateway’s sentence and an exit code to match', async (t) => {
  const problems = [
    [400, { reason: 'GW_BAD_REQUEST', detail: 'user must be text.' }, 64, /user must/],
    [503, { reason: 'GW_STORE_UNAVAILABLE', detail: 'away' }, 69, /away/],
    [500, { reason: 'GW_INTERNAL', detail: 'Internal error.' }, 70, /Internal/],
    [500, null, 70, /status 500/],
  ] as const;
  for (const [status, problem, exitCode, message] of problems) {
    const socketPath = await listening(
      t,
      createServer((_, response) => response.writeHead(status).end(JSON.stringify(problem))),
    );
    await t.rejects(askGateway({ ...get, socketPath }), { exitCode, message });
  }
});
