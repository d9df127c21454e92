import fc from 'fast-check';
import t from 'tap';
import { WholeEvents } from '../../src/gateway/whole-events.js';

const answer = (id: number) => `data: {"jsonrpc":"2.0","id":${id},"result":{}}\n\n`;

t.test('all bytes pass in order, and only whole events while they are short', (t) => {
  const event = fc
    .array(fc.constantFrom('a', 'data: x', ': c', 'é'), { minLength: 1, maxLength: 3 })
    .map((lines) => `${lines.join('\n')}\n\n`);
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 6 }),
      fc.array(fc.nat(60), { maxLength: 8 }),
      fc.constantFrom('', 'data: unfinished'),
      (events, cuts, rest) => {
        const bytes = Buffer.from(events.join('') + rest);
        const whole = new WholeEvents();
        const passed: Buffer[] = [];
        const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort(
          (a, b) => a - b,
        );
        let from = 0;
        for (const end of ends) {
          const now = whole.take(bytes.subarray(from, end));
          from = end;
          if (now === null) continue;
          if (now.length > 0 && !now.toString().endsWith('\n\n')) return false;
          passed.push(now);
        }
        passed.push(whole.rest() ?? Buffer.alloc(0));
        return Buffer.concat(passed).equals(bytes);
      },
    ),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test(
  'an event too long to hold passes in pieces, and until its end nothing may come between',
  (t) => {
    const whole = new WholeEvents();
    const piece = Buffer.alloc(200_000, 'x');
    t.equal(whole.take(Buffer.from('data: ')), null);
    t.equal(whole.take(piece), null, 'held');
    t.notOk(whole.isInsideEvent);
    t.equal(whole.take(piece)?.length, 6 + 400_000, 'all that was held');
    t.ok(whole.isInsideEvent);
    t.equal(whole.take(piece)?.length, 200_000, 'passed at once');
    t.equal(whole.take(Buffer.from('\n\ndata: next'))?.toString(), '\n\n');
    t.notOk(whole.isInsideEvent);
    t.equal(whole.rest()?.toString(), 'data: next');
    t.end();
  },
);

t.test('an event that comes byte by byte is put together once', (t) => {
  const whole = new WholeEvents();
  const concat = Buffer.concat.bind(Buffer);
  let concatenated = 0;
  t.intercept(Buffer, 'concat', {
    value: (pieces: readonly Uint8Array[], length?: number) => {
      const all = concat(pieces, length);
      concatenated += all.length;
      return all;
    },
  });
  const bytes = Buffer.from(`data: ${'x'.repeat(10_000)}\n\n`);
  const passed = [...bytes].map((byte) => whole.take(Buffer.of(byte)));
  t.equal(passed.at(-1)?.length, bytes.length);
  t.ok(concatenated < 2 * bytes.length, `${concatenated}`);
  t.end();
});

t.test('it tells whether the answer was among the last events', (t) => {
  const whole = new WholeEvents();
  t.notOk(whole.haveAnswered(1));
  whole.take(Buffer.from(`data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n`));
  t.notOk(whole.haveAnswered(1));
  whole.take(Buffer.from(`data: not JSON\n\n${answer(1)}`));
  t.ok(whole.haveAnswered(1));
  t.notOk(whole.haveAnswered(2));
  whole.take(Buffer.from(': keep-alive\n\n'));
  t.ok(whole.haveAnswered(1), 'a comment is no event');
  t.equal(whole.last()?.toString(), `data: not JSON\n\n${answer(1)}`);
  t.end();
});

t.test('what a server only tells of is not taken for the answer when the stream ends', (t) => {
  const told = (params: object): string =>
    `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params })}\n\n`;
  const mayBeAnswered = (events: string): boolean => {
    const whole = new WholeEvents();
    whole.take(Buffer.from(events));
    return whole.mayBeAnswered;
  };
  t.notOk(mayBeAnswered(told({ level: 'error', data: 'the tool crashed' })));
  t.notOk(mayBeAnswered(told({ level: 'info', data: { error: 'none', result: 1 } })));
  t.ok(mayBeAnswered(told({ level: 'error', data: 'late' }) + answer(1)));
  t.ok(mayBeAnswered('data: {"jsonrpc":"2.0","id":1,"result":{"method":1}}\n\n'));
  t.ok(mayBeAnswered('data: {"result":{"method":1},\ndata: "jsonrpc":"2.0","id":1}\n\n'));
  t.ok(mayBeAnswered('data: [{"jsonrpc":"2.0","id":1,"result":{"method":1}}]\n\n'), 'a batch');
  t.end();
});
