import t from 'tap';
import { PacedWriter } from '../../src/host/paced-writer.js';
import { FakeHostExchange } from '../support/fake-host-exchange.js';

function open(maxPendingBytes = 100) {
  const exchange = new FakeHostExchange();
  const clock = { nowMs: 0 };
  const seen = { closes: 0 };
  const writer = new PacedWriter(exchange.reply, {
    maxPendingBytes,
    now: () => clock.nowMs,
    onClosed: () => {
      seen.closes += 1;
    },
  });
  return { exchange, writer, clock, seen };
}

t.test(
  'nothing is written while the reader takes nothing, and everything in order afterwards',
  (t) => {
    const { exchange, writer } = open();
    exchange.isWritable = false;
    writer.write(Buffer.from('a'));
    writer.write(Buffer.from('b'));
    writer.write(Buffer.from('c'));
    writer.end();
    t.equal(exchange.text, 'a', 'the first write found out');
    t.notOk(exchange.isEnded);
    exchange.drain();
    t.equal(exchange.text, 'abc');
    t.ok(exchange.isEnded);
    t.end();
  },
);

t.test('a large message goes in slices', (t) => {
  const { exchange, writer } = open();
  exchange.isWritable = false;
  writer.write(Buffer.alloc(200_000, 'x'));
  t.equal(exchange.text.length, 65_536);
  exchange.drain();
  t.equal(exchange.text.length, 200_000);
  t.equal(exchange.writes, 4);
  t.end();
});

t.test('a reader that falls behind the bound loses the connection once', (t) => {
  const { exchange, writer, seen } = open(10);
  exchange.isWritable = false;
  writer.write(Buffer.alloc(1));
  writer.write(Buffer.alloc(50, 'y'));
  t.equal(exchange.failedWith, null, 'one message may be longer than the bound');
  writer.write(Buffer.alloc(1));
  t.equal(exchange.failedWith, 'GW_SLOW_READER');
  t.notOk(exchange.isEnded, 'it does not end as if it were whole');
  writer.write(Buffer.alloc(1));
  exchange.drain();
  t.equal(seen.closes, 1);
  t.equal(exchange.late, '');
  t.end();
});

t.test('a dropped writer says nothing more', (t) => {
  const { exchange, writer, seen } = open();
  exchange.isWritable = false;
  writer.write(Buffer.from('a'));
  writer.write(Buffer.from('b'));
  writer.drop();
  exchange.drain();
  writer.end();
  writer.drop();
  t.equal(seen.closes, 1);
  t.equal(exchange.text, 'a');
  t.notOk(exchange.isEnded, 'whoever dropped it ends the reply');
  t.end();
});

t.test('a comment keeps a silent stream alive, never one that is busy or blocked', (t) => {
  const { exchange, writer, clock } = open();
  writer.write(Buffer.from('a'));
  clock.nowMs = 99;
  writer.keepAlive(clock.nowMs, 100);
  t.equal(exchange.text, 'a');
  clock.nowMs = 100;
  writer.keepAlive(clock.nowMs, 100);
  t.equal(exchange.text, 'a: ping\n\n');
  writer.keepAlive(150, 100);
  t.equal(exchange.text, 'a: ping\n\n', 'the ping itself counts');
  exchange.isWritable = false;
  writer.write(Buffer.from('b'));
  writer.keepAlive(10_000, 100);
  t.equal(exchange.text, 'a: ping\n\nb');
  t.end();
});
