import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { inspectConfig } from '../../../config/load.js';
import { examineServers, networkReason } from '../../../src/cli/doctor/servers.js';
import { freePort } from '../../support/free-port.js';

function inspect(t: Test, servers: object) {
  const cwd = t.testdir({ 'server.json': JSON.stringify({ servers }) });
  return inspectConfig({ path: 'server.json', env: {}, cwd });
}

t.test('without a gateway the remote ones are looked for, the others left alone', async (t) => {
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const inspection = inspect(t, {
    there: { url: `http://127.0.0.1:${port}/mcp` },
    gone: { url: `http://127.0.0.1:${await freePort()}/mcp` },
    off: { enabled: false, url: 'http://127.0.0.1:1/mcp' },
    'meerkats-table': {},
  });
  t.match(await examineServers({ inspection, gateway: null, publicUrl: null }), [
    { check: 'server there', severity: 'ok', message: /405/ },
    { check: 'server gone', severity: 'error', exitCode: 69, message: /ECONNREFUSED/ },
    { check: 'server meerkats-table', severity: 'note' },
  ]);
});

t.test('through a gateway each is called as a client would call it', async (t) => {
  const inspection = inspect(t, { good: { url: 'http://a/' }, bad: { url: 'http://b/' } });
  const view = { enabled: true, kind: 'http', state: 'ready', detail: null };
  const views = [
    { ...view, name: 'good' },
    { ...view, name: 'bad' },
    { ...view, name: 'off', enabled: false, state: 'disabled' },
    { ...view, name: 'odd', enabled: false, state: 'invalid', detail: 'no key opens it' },
  ];
  const gateway = {
    pid: 1,
    url: 'http://127.0.0.1:8080',
    ask: async (method: string, path: string) => {
      if (method === 'GET') return views;
      const ok = path === '/servers/good/test';
      return {
        ...{ server: 'x', state: 'ready', advice: null },
        ok,
        steps: [{ step: 'connect', ok, durationMs: 12, detail: ok ? 'v1' : 'spawn ENOENT\nmore' }],
      };
    },
  };
  t.match(await examineServers({ inspection, gateway, publicUrl: null }), [
    { check: 'server good', severity: 'ok', message: 'v1 in 12 ms' },
    {
      check: 'server bad',
      severity: 'error',
      message: 'connect failed: spawn ENOENT',
      fix: 'multi-mcp servers test bad',
    },
    { check: 'server odd', severity: 'error', message: /no key opens it/, fix: /servers remove/ },
  ]);
});

t.test('no server at all is worth a word', async (t) => {
  const inspection = inspect(t, {});
  t.match(await examineServers({ inspection, gateway: null, publicUrl: null }), [
    { severity: 'note' },
  ]);
});

t.test('a network error is told by its cause', async (t) => {
  const cause = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' });
  t.equal(
    networkReason(new TypeError('fetch failed', { cause })),
    'CERT_HAS_EXPIRED certificate has expired',
  );
  t.equal(networkReason(new DOMException('x', 'TimeoutError')), 'no answer in time');
});
