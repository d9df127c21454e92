import t from 'tap';
import { testServer } from '../../src/primary/test-server.js';
import { freePort } from '../support/free-port.js';

t.test('a gateway that cannot be reached is told with the cause', async (t) => {
  const steps = await testServer(`http://127.0.0.1:${await freePort()}/x/mcp`, 'token');
  t.match(steps, [{ step: 'connect', ok: false, detail: /ECONNREFUSED/ }]);
});
