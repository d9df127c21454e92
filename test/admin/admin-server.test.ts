import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { createAdminServer } from '../../src/admin/admin-server.js';
import type { AdminOperations } from '../../src/admin/operations.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { fakeOperations } from '../support/admin-operations.js';
import { shortDir } from '../support/short-dir.js';

async function serving(t: Test, change: Partial<AdminOperations> = {}) {
  const { operations, asked } = fakeOperations(change);
  const socketPath = join(shortDir(t), 'admin.sock');
  const errors: GatewayError[] = [];
  const server = createAdminServer({
    socketPath,
    operations,
    onError: (error) => {
      errors.push(error);
    },
  });
  await server.listen();
  t.teardown(() => server.close());
  return { socketPath, server, asked, errors, send: sender(socketPath) };
}

const sender =
  (socketPath: string) =>
  (
    method: string,
    path: string,
    body?: string,
  ): Promise<{ status: number; headers: object; json: unknown }> =>
    new Promise((resolve, reject) => {
      const sent = request({ socketPath, method, path }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const json: unknown = JSON.parse(Buffer.concat(chunks).toString());
          resolve({ status: response.statusCode ?? 0, headers: response.headers, json });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });

t.test('each route asks its operation and sends the result as JSON', async (t) => {
  const { send, asked } = await serving(t);
  const tools = { allow: ['get_*'], deny: [] };
  const limits = { requestsPerSecond: 5, maxConcurrentRequests: null };
  const input = { user: 'ana', servers: ['github'], tools, limits, isAdmin: true, label: 'x', expiresInSeconds: 60 };
  const plain = { user: 'ana', servers: null, tools: null, limits: null, isAdmin: false, label: '', expiresInSeconds: null };
  for (const [method, path, body, expected] of [
    ['POST', '/keys', JSON.stringify(input), ['createKey', input]],
    ['POST', '/keys', '{"user":"ana"}', ['createKey', plain]],
    ['PATCH', '/keys/abc', '{"limits":null,"label":"y"}', ['updateKey', ['abc', { limits: null, label: 'y' }]]],
    ['GET', '/keys?afterId=a&limit=5', undefined, ['listKeys', { afterId: 'a', limit: 5 }]],
    ['GET', '/keys', undefined, ['listKeys', { afterId: undefined, limit: undefined }]],
    ['DELETE', '/keys/abc%20d', undefined, ['revokeKey', 'abc d']],
    ['POST', '/tokens', '{"user":"ana","expiresInSeconds":60}', ['mintToken', { user: 'ana', servers: null, expiresInSeconds: 60 }]],
    ['GET', '/status', undefined, ['status']],
    ['GET', '/health', undefined, ['health']],
    ['GET', '/servers', undefined, ['listServers']],
    ['POST', '/servers/github/test', undefined, ['testServer', 'github']],
  ] as const) {
    const reply = await send(method, path, body);
    t.equal(reply.status, 200, `${method} ${path}`);
    t.same(asked.pop(), expected);
  }
  t.same((await send('DELETE', '/keys/a')).json, { revoked: true });
  t.match((await send('GET', '/servers')).headers, { 'cache-control': 'no-store' });
}); // prettier-ignore

t.test('errors are problems with the reason and what to do', async (t) => {
  const { send, errors } = await serving(t, {
    testServer: () =>
      Promise.reject(new GatewayError('GW_SERVER_UNKNOWN', { hint: 'Look again.' })),
    status: () => Promise.reject(new Error('a secret detail')),
  });
  const unknown = await send('POST', '/servers/nope/test');
  t.match(unknown, {
    status: 404,
    headers: { 'content-type': 'application/problem+json' },
    json: { reason: 'GW_SERVER_UNKNOWN', detail: 'No such server. Look again.' },
  });
  t.equal(errors.length, 0);
  const broken = await send('GET', '/status');
  t.match(broken, { status: 500, json: { reason: 'GW_INTERNAL' } });
  t.notMatch(JSON.stringify(broken.json), /secret detail/);
  t.match(errors, [{ cause: { message: 'a secret detail' } }]);
});

t.test('what no route knows, and bodies that will not do, are refused by name', async (t) => {
  const { send, asked } = await serving(t);
  for (const [method, path, body, status, reason] of [
    ['GET', '/', undefined, 404, 'GW_ROUTE_UNKNOWN'],
    ['GET', '/keys/', undefined, 404, 'GW_ROUTE_UNKNOWN'],
    ['POST', '/servers/a/b/test', undefined, 404, 'GW_ROUTE_UNKNOWN'],
    ['PUT', '/keys', '{}', 405, 'GW_METHOD_NOT_ALLOWED'],
    ['DELETE', '/keys/%ff', undefined, 400, 'GW_BAD_REQUEST'],
    ['POST', '/keys', undefined, 400, 'GW_BAD_REQUEST'],
    ['POST', '/keys', '{', 400, 'GW_PARSE'],
    ['POST', '/keys', '[]', 400, 'GW_BAD_REQUEST'],
    ['POST', '/keys', `"${'x'.repeat(65_536)}"`, 413, 'GW_BODY_TOO_LARGE'],
  ] as const) {
    t.match(await send(method, path, body), { status, json: { reason } }, `${method} ${path}`);
  }
  t.match((await send('PUT', '/keys', '{}')).headers, { allow: 'POST, GET' });
  t.same(asked, []);
});

t.test('the socket is its owner’s alone', async (t) => {
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const { socketPath } = await serving(t);
  t.equal(statSync(socketPath).mode & 0o777, 0o600);
  t.equal(process.umask(0), 0, 'and files made later are as they were');
});

t.test('closing removes the socket and cuts who waits; closing again does nothing', async (t) => {
  const { socketPath, server } = await serving(t);
  const waiting = connect({ path: socketPath });
  await once(waiting, 'connect');
  const closed = once(waiting, 'close');
  await server.close();
  await closed;
  t.same(readdirSync(dirname(socketPath)), []);
  await server.close();
});

t.test('a leftover socket is taken over, a running gateway’s is not', async (t) => {
  const { socketPath } = await serving(t);
  const second = createAdminServer({ socketPath, operations: fakeOperations().operations });
  await t.rejects(second.listen(), { name: 'AdminSocketBusyError', message: socketPath });
  const abandoned = join(dirname(socketPath), 'abandoned.sock');
  await leaveSocketBehind(abandoned);
  const heir = createAdminServer({
    socketPath: abandoned,
    operations: fakeOperations().operations,
  });
  await heir.listen();
  t.teardown(() => heir.close());
  t.match(await sender(abandoned)('GET', '/servers'), { status: 200 });
});

/** As a killed process does: the file stays, nobody listens. */
async function leaveSocketBehind(path: string): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', program], { env: {} });
  } catch {
    // Killed, as intended.
  }
}

t.test('a path that is too long or is something else is refused with the way out', async (t) => {
  const folder = shortDir(t);
  const { operations } = fakeOperations();
  const long = createAdminServer({
    socketPath: join(folder, 'x'.repeat(100), 'admin.sock'),
    operations,
  });
  await t.rejects(long.listen(), { name: 'AdminSocketPathError', message: /DATA_DIR/ });
  const file = join(folder, 'file');
  writeFileSync(file, 'precious');
  const occupied = createAdminServer({ socketPath: file, operations });
  await t.rejects(occupied.listen(), { name: 'AdminSocketPathError', message: /not a socket/ });
  t.equal(statSync(file).size, 8, 'untouched');
});

t.test('a gateway that is too busy to answer still holds its socket', async (t) => {
  const path = join(shortDir(t), 'busy.sock');
  const silent = createServer(() => undefined).listen(path);
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const second = createAdminServer({ socketPath: path, operations: fakeOperations().operations });
  await t.rejects(second.listen(), { name: 'AdminSocketBusyError' });
});

t.test('a target that is no URL is the caller’s fault, not ours', async (t) => {
  const { send, errors } = await serving(t);
  t.equal((await send('GET', '////')).status, 400);
  t.strictSame(errors, []);
});

t.test(
  'a change that cannot be recorded is told with its maker, and is no failed request',
  async (t) => {
    const { operations } = fakeOperations();
    const socketPath = join(shortDir(t), 'admin.sock');
    const failed: string[] = [];
    const unrecorded: unknown[] = [];
    const server = createAdminServer({
      socketPath,
      operations,
      audit: { append: () => Promise.reject(new GatewayError('GW_STORE_UNAVAILABLE')) },
      onUnrecorded: ({ code }, change, actor) => unrecorded.push([code, change, actor]),
      onError: ({ code }) => failed.push(code),
    });
    await server.listen();
    t.teardown(() => server.close());
    t.equal((await sender(socketPath)('DELETE', '/keys/abc')).status, 200);
    t.strictSame(unrecorded, [
      ['GW_STORE_UNAVAILABLE', { action: 'keys.revoke', target: 'abc' }, 'admin.sock'],
    ]);
    t.strictSame(failed, []);
  },
);
