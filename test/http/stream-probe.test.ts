import t from 'tap';
import { createStreamProbe } from '../../src/http/stream-probe.js';
import { FakeExchange } from '../support/fake-exchange.js';

const open = (request = {}) => new FakeExchange({ method: 'GET', ...request });

t.test('five events, each of its own, tell whom the gateway sees', async (t) => {
  const exchange = open({ isLoopback: false, headers: { 'x-forwarded-for': '203.0.113.1' } });
  await createStreamProbe(() => Promise.resolve(true), 1)(exchange);
  t.equal(exchange.text.split('\n\n').length - 1, 1, 'the first at once');
  await exchange.ended();
  t.match(exchange.replyHeaders, {
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  });
  const events = exchange.text.split('\n\n').filter((text) => text !== '');
  t.equal(events.length, 5);
  t.match(JSON.parse(events[4]?.slice(6) ?? ''), {
    event: 5,
    isLoopback: false,
    isForwarded: true,
    clientAddress: '127.0.0.1',
  });
});

t.test('a stranger gets none', async (t) => {
  const exchange = open();
  await createStreamProbe(() => Promise.resolve(false))(exchange);
  t.equal(exchange.status, 401);
});

t.test('eight at a time; one that leaves makes room', async (t) => {
  const probe = createStreamProbe(() => Promise.resolve(true), 60_000);
  const first = open();
  await probe(first);
  const others = Array.from({ length: 7 }, () => open());
  for (const exchange of others) await probe(exchange);
  const refused = open();
  await probe(refused);
  t.match(refused, { status: 503, replyHeaders: { 'retry-after': /\d/ } });
  first.abort();
  const next = open();
  await probe(next);
  t.equal(next.status, 200);
  for (const exchange of [...others, next]) exchange.abort();
});
