import fc from 'fast-check';
import t from 'tap';
import { DeadlineSet } from '../../src/http/deadline-set.js';
import { FrontStream } from '../../src/http/front-stream.js';
import type { ReplyConnection } from '../../src/http/reply-head.js';
import type { Stalled } from '../../src/http/wire.js';
import { FakeWire, microtasks, nextTurn } from '../support/fake-wire.js';

interface Setup {
  readonly wire: FakeWire;
  readonly stream: FrontStream;
  readonly stalls: DeadlineSet<Stalled>;
  readonly clock: { nowMs: number };
  readonly sent: () => number;
}

function open(
  options: {
    type?: string;
    connection?: ReplyConnection;
    bufferBytes?: number;
    room?: number;
  } = {},
): Setup {
  const { type = 'text/event-stream', connection = 'keep-alive', bufferBytes = 100 } = options;
  const wire = new FakeWire();
  wire.room = options.room ?? Number.POSITIVE_INFINITY;
  const stalls = new DeadlineSet<Stalled>(1_000);
  const clock = { nowMs: 0 };
  let sent = 0;
  const stream = new FrontStream(wire, {
    head: { status: 200, headers: { flat: ['content-type', type], isAscii: true }, connection },
    bufferBytes,
    stalls,
    nowMs: () => clock.nowMs,
    onSent: () => {
      sent += 1;
    },
  });
  return { wire, stream, stalls, clock, sent: () => sent };
}

t.test('what is written in one turn leaves in one batch with its head and its end', async (t) => {
  const { wire, stream, sent } = open();
  t.equal(stream.write('a'), true);
  stream.write(Buffer.from('b'));
  stream.end();
  t.equal(wire.take(), '', 'nothing leaves inside the turn');
  await microtasks();
  t.equal(wire.take(), '[ head a b end ]');
  t.equal(sent(), 1);
});

t.test('a stream without data shows its head, event streams by an empty event', async (t) => {
  const events = open();
  await nextTurn();
  t.equal(events.wire.take(), '[ head :\n\n ]');
  events.stream.write('a');
  await microtasks();
  t.equal(events.wire.take(), '[ a ]');
  const other = open({ type: 'application/json' });
  await nextTurn();
  t.equal(other.wire.take(), '[ head ]');
  const quick = open();
  await microtasks();
  quick.stream.write('a');
  await nextTurn();
  t.equal(quick.wire.take(), '[ head a ]', 'no empty event when data came first');
});

t.test('a last reply waits for the next turn of the event loop', async (t) => {
  const { wire, stream } = open({ connection: 'close' });
  stream.write('a');
  stream.end();
  await microtasks();
  t.equal(wire.take(), '');
  await nextTurn();
  t.equal(wire.take(), '[ head a end ]');
});

t.test('a full connection pauses the writer until it takes more', async (t) => {
  const { wire, stream, stalls } = open({ room: 1 });
  let drains = 0;
  stream.onDrain(() => {
    drains += 1;
  });
  stream.write('a');
  stream.write('b');
  stream.write('c');
  await microtasks();
  t.equal(wire.take(), '[ head a b ]', 'c is kept');
  t.equal(stalls.size, 1);
  t.equal(stream.write('d'), false);
  wire.room = 100;
  stream.onWritable();
  t.equal(wire.take(), '[ c d ]');
  t.equal(stalls.size, 0);
  t.equal(drains, 1);
  t.equal(stream.write('e'), true);
  stream.onWritable();
  t.equal(drains, 1, 'no drain that nobody waits for');
});

t.test('the end waits for room', async (t) => {
  const { wire, stream, sent } = open({ room: 0 });
  stream.write('a');
  stream.end();
  await microtasks();
  t.equal(wire.take(), '[ head a ]');
  t.equal(sent(), 0);
  wire.room = 1;
  stream.onWritable();
  t.equal(wire.take(), '[ end ]');
  t.equal(sent(), 1);
  t.equal(stream.write('late'), true);
  stream.end();
  stream.onWritable();
  await microtasks();
  t.equal(wire.take(), '');
});

t.test('a front that hands over later reports it itself', async (t) => {
  const { wire, stream, sent } = open();
  wire.sendsAtOnce = false;
  stream.end();
  await microtasks();
  t.equal(wire.take(), '[ head end ]');
  t.equal(sent(), 0);
});

t.test('large chunks go in pieces, and ask for a pause', async (t) => {
  const { wire, stream } = open();
  let drains = 0;
  stream.onDrain(() => {
    drains += 1;
  });
  t.equal(stream.write('x'.repeat(200_000)), false);
  await microtasks();
  t.same(wire.pieceBytes, [65_536, 65_536, 65_536, 3_392]);
  t.equal(drains, 1);
  t.equal(stream.write(''), true, 'nothing is not an end');
});

t.test('one chunk may exceed the budget, a writer that goes on may not', async (t) => {
  const { wire, stream } = open({ room: 0, bufferBytes: 100 });
  t.equal(stream.write('x'.repeat(1_000)), true, 'the first finds an idle connection');
  await microtasks();
  t.equal(stream.write('y'), false, 'this tells it to pause');
  t.equal(stream.write('y'.repeat(100)), false);
  t.equal(wire.isDestroyed, false);
  t.equal(stream.write('z'), false);
  t.equal(wire.isDestroyed, true);
});

t.test('the budget is counted anew after each pause', async (t) => {
  const { wire, stream } = open({ room: 0, bufferBytes: 100 });
  for (let round = 0; round < 5; round += 1) {
    wire.room = 0;
    stream.write('a');
    await microtasks();
    stream.write('y'.repeat(60));
    wire.room = 10;
    stream.onWritable();
  }
  t.equal(wire.isDestroyed, false);
});

t.test(
  'a client that takes nothing is given up after its time, one that takes a little is not',
  async (t) => {
    const { wire, stream, stalls, clock } = open({ room: 0 });
    const sweep = (): void => {
      stalls.expire(clock.nowMs, (stalled) => {
        stalled.giveUp();
      });
      stalls.forEach((stalled) => {
        stalled.keepWaiting();
      });
    };
    stream.write('a');
    stream.write('b');
    stream.write('c');
    await microtasks();
    clock.nowMs = 999;
    sweep();
    t.equal(wire.waits, 1);
    stream.onWritable();
    clock.nowMs = 1_998;
    sweep();
    t.equal(wire.isDestroyed, false, 'it took a piece at 999');
    clock.nowMs = 1_999;
    sweep();
    t.equal(wire.isDestroyed, true);
  },
);

t.test('after an abort nothing is written and nobody is called', async (t) => {
  const { wire, stream, stalls, sent } = open({ room: 0 });
  stream.onDrain(() => {
    t.fail('drained');
  });
  stream.write('a');
  await microtasks();
  wire.take();
  stream.write('b');
  stream.abort();
  t.equal(stalls.size, 0);
  wire.room = 10;
  stream.onWritable();
  t.equal(stream.write('c'), true);
  stream.end();
  await nextTurn();
  t.equal(wire.take(), '');
  t.equal(sent(), 0);
  const fresh = open();
  fresh.stream.abort();
  await nextTurn();
  t.equal(fresh.wire.take(), '', 'also before it began');
});

t.test(
  'a cut closes the connection without an end, once, and what was written before it leaves',
  async (t) => {
    const { wire, stream, sent } = open();
    stream.write('a');
    stream.cut();
    stream.cut();
    stream.end();
    t.equal(stream.write('b'), true);
    t.notOk(wire.isDestroyed, 'not inside the turn of its writer');
    await nextTurn();
    t.ok(wire.isDestroyed);
    t.equal(wire.take(), '[ head a ]');
    t.equal(sent(), 0);

    const gone = open();
    gone.stream.cut();
    gone.stream.abort();
    await nextTurn();
    t.notOk(gone.wire.isDestroyed, 'nothing is left to be closed');
  },
);

t.test('any writing against any reader arrives whole and in order', async () => {
  const step = fc.oneof(
    fc.record({ write: fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme' }) }),
    fc.record({ room: fc.nat(3) }),
    fc.record({ pause: fc.constant(true) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { size: 'max', maxLength: 60 }), async (steps) => {
      const { wire, stream, sent } = open({ type: 'text/plain', bufferBytes: 1e9 });
      let written = '';
      let owed = 0;
      stream.onDrain(() => {
        owed = 0;
      });
      for (const next of steps) {
        if ('write' in next) {
          written += next.write;
          if (!stream.write(next.write)) owed += 1;
        } else if ('room' in next) {
          wire.room = next.room;
          stream.onWritable();
        } else await microtasks();
      }
      stream.end();
      wire.room = 1e9;
      await microtasks();
      stream.onWritable();
      await nextTurn();
      const pushed = wire.log.filter((entry) => !['[', ']', 'head', 'end'].includes(entry));
      return pushed.join('') === written && sent() === 1 && owed >= 0 && !wire.isDestroyed;
    }),
    // One of five graphemes that are many characters.
    { numRuns: 200, examples: [[[{ write: '👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦' }]]] },
  );
});
