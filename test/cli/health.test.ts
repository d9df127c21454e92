import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { fakeOperations } from '../support/admin-operations.js';
import { cliFixture } from '../support/cli.js';

async function answering(t: Test, status: number) {
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url);
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, paths };
}

t.test('a gateway that answers is healthy, wherever it is bound', async (t) => {
  const { port, paths } = await answering(t, 200);
  const { run } = cliFixture(t, { port, host: '0.0.0.0', allowedHosts: ['*'] });
  t.match(await run('health'), { code: 0, out: 'ok\n' });
  t.same(paths, ['/livez']);
  t.match(JSON.parse((await run('health', '--json')).out), { ok: true, problem: null });
});

t.test('a running gateway is asked where it serves, whatever the file says by now', async (t) => {
  const { port, paths } = await answering(t, 200);
  const fixture = cliFixture(t, { port: 1 });
  t.match(await fixture.run('health'), { code: 1 });
  const status = await fakeOperations().operations.status();
  await fixture.gateway({
    status: () => Promise.resolve({ ...status, url: `http://127.0.0.1:${port}` }),
  });
  t.match(await fixture.run('health'), { code: 0, out: 'ok\n' });
  t.same(paths, ['/livez']);
});

t.test('a gateway that cannot say where it serves is looked for where the file says', async (t) => {
  const { port } = await answering(t, 200);
  const fixture = cliFixture(t, { port });
  await fixture.gateway({ status: () => Promise.reject(new Error('the store is away')) });
  t.match(await fixture.run('health'), { code: 0 });
});

t.test('one that answers otherwise, or not at all, is 1', async (t) => {
  const { port } = await answering(t, 503);
  t.match(await cliFixture(t, { port }).run('health'), { code: 1, err: /answers 503/ });
  const { port: closed } = await new Promise<AddressInfo>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address() as AddressInfo;
      server.close(() => {
        resolve(address);
      });
    });
  });
  t.match(await cliFixture(t, { port: closed }).run('health'), { code: 1, err: /ECONNREFUSED/ });
});
