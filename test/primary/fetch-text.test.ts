import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { fetchText } from '../../src/primary/fetch-text.js';

const limits = { timeoutMs: 10_000, maxBytes: 1000 };

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
}

t.test('a document comes as it is', async (t) => {
  const url = await serve(t, (_request, response) => response.end('{"é":1}'));
  t.equal(await fetchText(url, limits), '{"é":1}');
});

t.test('redirects are not followed, and other statuses are no document', async (t) => {
  let asked = 0;
  const url = await serve(t, (request, response) => {
    asked += 1;
    if (request.url === '/elsewhere') response.end('{}');
    else response.writeHead(302, { location: '/elsewhere' }).end();
  });
  await t.rejects(fetchText(url, limits), { message: 'status 302' });
  t.equal(asked, 1);
});

t.test('a document over the bound is left, however it comes', async (t) => {
  const url = await serve(t, (_request, response) => {
    for (let n = 0; n < 11; n += 1) response.write('x'.repeat(100));
  });
  await t.rejects(fetchText(url, limits), { message: 'more than 1000 bytes' });
});

t.test('silence ends at the time limit', async (t) => {
  const url = await serve(t, () => undefined);
  await t.rejects(fetchText(url, { ...limits, timeoutMs: 50 }));
});

t.test('bytes that are no UTF-8 are no document', async (t) => {
  const url = await serve(t, (_request, response) => response.end(Buffer.from([0x7b, 0xff])));
  await t.rejects(fetchText(url, limits));
});

t.test('cleartext is for this machine alone', async (t) => {
  for (const url of [
    'http://id.example/jwks',
    'http://10.0.0.1/jwks',
    'http://127.0.0.1.evil.example/jwks',
    'http://169.254.169.254/latest',
    'ftp://127.0.0.1/jwks',
  ]) {
    await t.rejects(fetchText(url, limits), { message: 'the address is not https' }, url);
  }
});
