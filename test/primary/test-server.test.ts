import { once } from 'node:events';
import { createServer } from 'node:http';
import t from 'tap';
import { testServer } from '../../src/primary/test-server.js';
import { freePort } from '../support/free-port.js';

t.test('a gateway that cannot be reached is told with the cause', async (t) => {
  const steps = await testServer(`http://127.0.0.1:${await freePort()}/x/mcp`, 'token');
  t.match(steps, [{ step: 'connect', ok: false, detail: /ECONNREFUSED/ }]);
});

t.test('a refusal of the gateway is told with its code and words', async (t) => {
  const message = 'Its command was not found.';
  const error = { code: -32011, message, data: { reason: 'GW_UPSTREAM_UNREACHABLE' } };
  const server = createServer((_request, response) => {
    response.writeHead(502, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error }));
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const [step] = await testServer(`http://127.0.0.1:${port}/x/mcp`, 'token');
  t.match(step, { ok: false, detail: /GW_UPSTREAM_UNREACHABLE: Its command was not found\./ });
});
