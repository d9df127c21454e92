import t from 'tap';
import '../support/uws-env.js';
import { loadUwsFront } from '../../src/http/uws-front.js';
import type { CreateFront } from '../../src/http/front.js';
import { frontContract, frontDefaults, get, post } from '../support/front-contract.js';
import { RawClient } from '../support/raw-client.js';
import { uwsSkip } from '../support/uws-skip.js';

const createFront = await loadUwsFront();
if (typeof createFront === 'function') {
  frontContract(t, createFront, 'uws');
  idleConnections(createFront);
} else {
  t.test('uWebSockets.js serves', { skip: uwsSkip }, async (t) => {
    t.fail(createFront.reason);
  });
}

function idleConnections(createFront: CreateFront): void {
  t.test('an idle connection is closed, whenever its request was answered', async (t) => {
    const front = createFront(frontDefaults, async (exchange) => {
      if (exchange.path === '/later') await exchange.readBody(10);
      if (exchange.path !== '/stream') exchange.reply({ status: 200, headers: {}, body: 'ok' });
      else exchange.openStream(200, {}).end();
    });
    t.teardown(() => {
      front.close();
    });
    const port = await front.listen();
    const head = get('/head').replace('GET', 'HEAD');
    const requests = [get('/now'), get('/now', 'Content-Length: 0'), head, get('/stream')];
    const closed = [...requests, post('/later', 'body')].map(async (request) => {
      const client = await RawClient.connect(port);
      t.teardown(() => {
        client.destroy();
      });
      client.send(request);
      await client.reply({ isHead: request === head });
      await client.ended(20_000);
      return client.received;
    });
    t.same(await Promise.all(closed), ['', '', '', '', '']);
  });
}
