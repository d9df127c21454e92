import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { inspectConfig } from '../../../config/load.js';
import { examinePort, judgeExposure } from '../../../src/cli/doctor/port.js';
import { freePort } from '../../support/free-port.js';

function inspect(t: Test, global: object, rest: object = {}) {
  const cwd = t.testdir({ 'server.json': JSON.stringify({ global, servers: {}, ...rest }) });
  return inspectConfig({ path: 'server.json', env: {}, cwd });
}

t.test('a free port is fine', async (t) => {
  const inspection = inspect(t, { port: await freePort() });
  t.match(await examinePort({ inspection, gateway: null, publicUrl: null }), [{ severity: 'ok' }]);
});

t.test('a port that is taken is an error that names the taker', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const inspection = inspect(t, { port: (server.address() as AddressInfo).port });
  t.match(await examinePort({ inspection, gateway: null, publicUrl: null }), [
    { severity: 'error', exitCode: 75, message: new RegExp(`pid ${process.pid} `), fix: /PORT/ },
  ]);
});

t.test('an address that this machine has not is a setting to change', async (t) => {
  const inspection = inspect(t, { host: '203.0.113.9', port: 8099 });
  t.match(await examinePort({ inspection, gateway: null, publicUrl: null }), [
    { severity: 'error', exitCode: 78, fix: /HOST/ },
  ]);
});

t.test('beside its gateway the port is the gateway’s', async (t) => {
  const gateway = { pid: 42, url: 'http://127.0.0.1:8080', ask: () => Promise.reject(new Error()) };
  const inspection = inspect(t, {});
  t.match(await examinePort({ inspection, gateway, publicUrl: null }), [
    { severity: 'ok', message: /pid 42/ },
  ]);
});

t.test('a gateway that is open to the network is told what to close', async (t) => {
  const judge = (global: object, rest: object = {}) =>
    judgeExposure(inspect(t, global, rest).config);
  t.strictSame(judge({}), []);
  t.match(judge({ host: '0.0.0.0' }), [{ severity: 'warning', message: /unencrypted/ }]);
  t.match(judge({ host: '0.0.0.0' }, { auth: { required: false } }), [
    { severity: 'warning', message: /everyone/ },
  ]);
  const publicUrl = 'https://mcp.example.com';
  t.strictSame(judge({ host: '10.0.0.1', publicUrl }), []);
  t.match(judge({ publicUrl }), [{ severity: 'note', fix: /trustProxy/ }]);
});
