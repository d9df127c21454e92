import t from 'tap';
import { DeadlineSet } from '../../src/http/deadline-set.js';
import { FrontExchange, type RequestHead } from '../../src/http/front-exchange.js';
import type { Stalled } from '../../src/http/wire.js';
import { FakeWire, microtasks, nextTurn } from '../support/fake-wire.js';

interface Setup {
  readonly wire: FakeWire;
  readonly exchange: FrontExchange;
  readonly bodies: DeadlineSet<FrontExchange>;
  readonly stalls: DeadlineSet<Stalled>;
  readonly counts: { finished: number; badReplies: number };
  isDraining: boolean;
}

const head: RequestHead = {
  method: 'POST',
  path: '/x/mcp',
  query: 'a=b',
  headers: ['accept', 'a/b', 'x-one', '1', 'accept', 'c/d'],
  contentLength: 3,
  clientAddress: '192.0.2.1',
  isLoopback: false,
  mustClose: false,
};

function exchangeWith(overrides: Partial<RequestHead> = {}): Setup {
  const wire = new FakeWire();
  const bodies = new DeadlineSet<FrontExchange>(100);
  const stalls = new DeadlineSet<Stalled>(100);
  const counts = { finished: 0, badReplies: 0 };
  const setup = { isDraining: false };
  const exchange = new FrontExchange({ ...head, ...overrides }, wire, {
    streamBufferBytes: 1_000,
    bodies,
    stalls,
    nowMs: () => 0,
    isDraining: () => setup.isDraining,
    onFinished: () => {
      counts.finished += 1;
    },
    onBadReply: () => {
      counts.badReplies += 1;
    },
  });
  wire.attach(exchange, false);
  return Object.assign(setup, { wire, exchange, bodies, stalls, counts });
}

const ok = { status: 200, headers: {}, body: 'x' };

t.test('the request is read by name and in order', (t) => {
  const { exchange } = exchangeWith();
  t.equal(exchange.header('accept'), 'a/b, c/d');
  t.equal(exchange.header('x-one'), '1');
  t.equal(exchange.header('x-two'), undefined);
  const seen: string[] = [];
  exchange.eachHeader((name, value) => seen.push(`${name}: ${value}`));
  t.same(seen, ['accept: a/b', 'x-one: 1', 'accept: c/d']);
  t.match(exchange, { method: 'POST', path: '/x/mcp', query: 'a=b', clientAddress: '192.0.2.1' });
  t.end();
});

t.test('a reply before the whole body is the last on its connection', async (t) => {
  const early = exchangeWith();
  early.exchange.reply(ok);
  t.equal(early.wire.take(), '', 'and not sent while the parser holds the packet');
  await nextTurn();
  t.equal(early.wire.take(), 'reply 200 close x');
  const whole = exchangeWith();
  whole.exchange.onBody(Buffer.from('abc'), true);
  whole.exchange.reply(ok);
  t.equal(whole.wire.take(), 'reply 200 keep-alive x');
  t.equal(whole.counts.finished, 1);
});

t.test('replies of a draining front say that they are the last', (t) => {
  const draining = exchangeWith({ contentLength: 0 });
  draining.isDraining = true;
  draining.exchange.reply(ok);
  t.equal(draining.wire.take(), 'reply 200 last x');
  t.end();
});

t.test('a reply that is overtaken by an abort is not sent', async (t) => {
  const { exchange, wire, counts } = exchangeWith({ mustClose: true });
  exchange.reply(ok);
  exchange.wasAborted();
  await nextTurn();
  t.equal(wire.take(), '');
  t.equal(counts.finished, 1);
});

t.test('a reply that the client takes slowly is watched until it is taken', (t) => {
  const { exchange, wire, stalls, counts } = exchangeWith({ contentLength: 0 });
  wire.sendsAtOnce = false;
  exchange.reply(ok);
  t.equal(stalls.size, 1);
  t.equal(counts.finished, 0);
  exchange.keepWaiting();
  t.equal(wire.waits, 1);
  exchange.onWritable();
  t.equal(stalls.size, 1);
  exchange.hasSent();
  exchange.hasSent();
  t.equal(stalls.size, 0);
  t.equal(counts.finished, 1);
  exchange.onWritable();
  t.equal(stalls.size, 0);
  t.end();
});

t.test('a client that takes nothing of a reply is given up', (t) => {
  const { exchange, wire, counts } = exchangeWith({ contentLength: 0 });
  wire.sendsAtOnce = false;
  exchange.reply(ok);
  exchange.giveUp();
  t.equal(wire.isDestroyed, true);
  t.equal(exchange.isAborted, true);
  t.equal(counts.finished, 1);
  t.end();
});

t.test('an abort tells its listener once, fails the body and ends everything', async (t) => {
  const { exchange, bodies, counts } = exchangeWith();
  let aborts = 0;
  exchange.onAbort(() => {
    aborts += 1;
    t.equal(exchange.isAborted, true);
  });
  const reading = exchange.readBody(10);
  exchange.awaitBody();
  t.equal(bodies.size, 1);
  exchange.wasAborted();
  exchange.wasAborted();
  await t.rejects(reading, { code: 'GW_BAD_REQUEST' });
  t.equal(bodies.size, 0);
  t.equal(aborts, 1);
  t.equal(counts.finished, 1);
});

t.test('an abort after the reply was handed over is none', (t) => {
  const { exchange } = exchangeWith({ contentLength: 0 });
  exchange.onAbort(() => {
    t.fail('aborted');
  });
  exchange.reply(ok);
  exchange.wasAborted();
  t.equal(exchange.isAborted, false);
  t.end();
});

t.test('an overdue body fails its reader first and its connection second', async (t) => {
  const { exchange, wire, bodies } = exchangeWith();
  const reading = exchange.readBody(10);
  exchange.awaitBody();
  bodies.expire(100, (overdue) => {
    overdue.bodyIsOverdue();
  });
  await t.rejects(reading, { code: 'GW_BODY_TIMEOUT' });
  t.equal(wire.isDestroyed, false);
  bodies.expire(200, (overdue) => {
    overdue.bodyIsOverdue();
  });
  t.equal(wire.isDestroyed, true);
});

t.test('a handler that fails is answered for as far as that is possible', async (t) => {
  const open = exchangeWith({ contentLength: 0 });
  open.exchange.fail();
  t.match(open.wire.take(), /^reply 500 keep-alive/);
  const streaming = exchangeWith({ contentLength: 0 });
  streaming.exchange.openStream(200, {}).write('a');
  await microtasks();
  streaming.exchange.fail();
  t.equal(streaming.wire.isDestroyed, true);
  const done = exchangeWith({ contentLength: 0 });
  done.exchange.reply(ok);
  done.wire.take();
  done.exchange.fail();
  t.equal(done.wire.take(), '');
  t.equal(done.wire.isDestroyed, false);
});

t.test('what may not be sent becomes a 500 and is counted', (t) => {
  const reply = exchangeWith({ contentLength: 0 });
  reply.exchange.reply({ status: 200, headers: { a: '\r\n' } });
  t.match(reply.wire.take(), /^reply 500/);
  t.equal(reply.counts.badReplies, 1);
  const stream = exchangeWith({ contentLength: 0 });
  stream.exchange.openStream(99, {}).write('a');
  t.match(stream.wire.take(), /^reply 500/);
  t.end();
});

t.test('a stream reports to its exchange, HEAD gets none', async (t) => {
  const { exchange, wire, counts } = exchangeWith({ contentLength: 0 });
  const stream = exchange.openStream(200, { a: 'b' });
  wire.room = 0;
  stream.write('a');
  await microtasks();
  stream.end();
  t.equal(counts.finished, 0);
  wire.room = 1;
  exchange.onWritable();
  t.equal(counts.finished, 1);
  const asked = exchangeWith({ contentLength: 0, method: 'HEAD' });
  asked.exchange.openStream(200, {}).write('a');
  t.equal(asked.wire.take(), 'reply 200 keep-alive -');
  t.equal(asked.counts.finished, 1);
});
