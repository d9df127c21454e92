import t from 'tap';
import type { HttpExchange } from '../../src/gateway/exchange.js';
import { createNodeFront } from '../../src/http/node-front.js';
import { frontContract, get } from '../support/front-contract.js';
import { RawClient } from '../support/raw-client.js';
import { until } from '../support/until.js';

frontContract(t, createNodeFront, 'node');

const STALL_MS = 40;

t.test(
  'a reply that waits behind a long call is not one that its client does not take',
  async (t) => {
    const body = Buffer.alloc(300_000, 'x');
    const repliers: Readonly<Record<string, (exchange: HttpExchange) => void>> = {
      '/short': (exchange) => {
        exchange.reply({ status: 200, headers: {}, body: 'short' });
      },
      '/large': (exchange) => {
        exchange.reply({ status: 200, headers: {}, body });
      },
      '/stream': (exchange) => {
        const stream = exchange.openStream(200, {});
        stream.write(body);
        stream.end();
      },
    };
    for (const [path, replier] of Object.entries(repliers)) {
      const held: HttpExchange[] = [];
      const front = createNodeFront(
        {
          host: '127.0.0.1',
          port: 0,
          maxHeaderBytes: 16_384,
          bodyTimeoutMs: 10_000,
          chunkedRequests: true,
          maxConnections: 10,
          streamStallTimeoutMs: STALL_MS,
          streamBufferBytes: 1_000_000,
          trustProxy: [],
          allowedHosts: [],
          allowedOrigins: [],
        },
        (exchange) => {
          if (exchange.path === '/long') held.push(exchange);
          else replier(exchange);
        },
      );
      const client = await RawClient.connect(await front.listen());
      t.teardown(() => {
        client.destroy();
        front.close();
      });
      client.send(get('/long') + get(path));
      const sentAtMs = performance.now();
      await until(() => performance.now() - sentAtMs > 10 * STALL_MS, {
        timeoutMs: 20_000,
        what: 'the time in which a client must take something, ten times',
      });
      held[0]?.reply({ status: 200, headers: {}, body: 'long' });
      t.equal((await client.reply()).body, 'long', path);
      t.match((await client.reply()).body, /^(short|x+)$/, path);
      await until(() => front.stats().inFlight === 0, {
        timeoutMs: 5_000,
        what: 'nothing in flight',
      });
    }
  },
);
