import t from 'tap';
import { ExchangeReply } from '../../src/host/exchange-reply.js';
import { Heartbeats } from '../../src/host/heartbeats.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { FakeHostExchange } from '../support/fake-host-exchange.js';

function open() {
  const heartbeats = new Heartbeats(1000);
  const exchange = new FakeHostExchange({ headers: { 'x-request-id': 'r1' } });
  return {
    exchange,
    heartbeats,
    reply: new ExchangeReply(exchange, { maxPendingBytes: 10, now: () => 0, heartbeats }),
  };
}

t.test('an error has its status, its id and the name of the request', (t) => {
  const { exchange, reply } = open();
  const options = { retryAfterMs: 1200, data: { id: 'never' } };
  reply.error(new GatewayError('GW_UPSTREAM_TIMEOUT', options), 'x');
  t.equal(exchange.status, 504);
  t.equal(exchange.header('content-type'), 'application/json');
  t.equal(exchange.header('retry-after'), '2');
  t.equal(exchange.header('content-length'), String(exchange.text.length));
  t.equal(exchange.json['id'], 'x');
  t.equal(exchange.error.code, -32010);
  const reason = 'GW_UPSTREAM_TIMEOUT';
  t.same(exchange.error.data, { reason, retryAfterMs: 1200, requestId: 'r1' });
  t.ok(exchange.isEnded);
  t.end();
});

t.test("the host's own doing is told as such, not as an answer of the server", (t) => {
  const pause = new GatewayError('GW_UPSTREAM_UNREACHABLE', { retryAfterMs: 200 });
  const own = ['GW_BULKHEAD_FULL', 'GW_USER_BUSY', 'GW_SHED', 'GW_DRAINING'] as const;
  for (const error of [pause, ...own.map((code) => new GatewayError(code))]) {
    const { exchange, reply } = open();
    reply.error(error, 1);
    t.equal(exchange.failedWith, error.code);
    t.equal(exchange.heads, 0);
    reply.json(200, Buffer.from('{}'));
    t.equal(exchange.heads, 0, 'it is over');
  }
  t.end();
});

t.test('only the first answer counts', (t) => {
  const { exchange, reply } = open();
  reply.empty(202);
  reply.json(200, Buffer.from('{}'));
  t.equal(reply.openEvents(), null);
  t.equal(exchange.heads, 1);
  t.equal(exchange.status, 202);
  t.equal(exchange.text, '');
  t.end();
});

t.test('after an abort nothing is written, and everyone who asked is told once', (t) => {
  const { exchange, reply } = open();
  let told = 0;
  const tell = (): void => {
    told += 1;
  };
  reply.onAbort(tell);
  const writer = reply.openEvents();
  exchange.abort();
  exchange.abort();
  reply.onAbort(tell);
  writer?.write(Buffer.from('late'));
  writer?.end();
  t.equal(told, 2);
  t.equal(exchange.late, '');
  t.equal(reply.isAborted, true);
  t.end();
});

t.test('a reader that falls too far behind counts as gone', (t) => {
  const { exchange, reply } = open();
  let told = 0;
  reply.onAbort(() => {
    told += 1;
  });
  const writer = reply.openEvents();
  exchange.isWritable = false;
  for (let i = 0; i < 4; i += 1) writer?.write(Buffer.alloc(8));
  t.equal(told, 1);
  t.equal(exchange.failedWith, 'GW_SLOW_READER');
  t.end();
});

t.test('a stream is kept from falling silent while it is open, and not a moment longer', (t) => {
  for (const how of ['end', 'abort', 'overflow'] as const) {
    const { exchange, reply, heartbeats } = open();
    const writer = reply.openEvents();
    t.equal(heartbeats.streamCount, 1);
    heartbeats.sweep(1000);
    t.equal(exchange.text, ': ping\n\n');
    if (how === 'end') writer?.end();
    else if (how === 'abort') exchange.abort();
    else {
      exchange.isWritable = false;
      for (let i = 0; i < 4; i += 1) writer?.write(Buffer.alloc(8));
    }
    t.equal(heartbeats.streamCount, 0, how);
  }
  const { reply, heartbeats } = open();
  reply.json(200, Buffer.from('{}'));
  t.equal(heartbeats.streamCount, 0, 'a JSON answer is no stream');
  t.end();
});
