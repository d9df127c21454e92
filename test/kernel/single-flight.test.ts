import t from 'tap';
import { SingleFlight } from '../../src/kernel/single-flight.js';

interface Begun {
  readonly key: string;
  end(result: string): void;
  fail(reason: string): void;
}

function flights(maxAtOnce: number): {
  readonly flight: SingleFlight<string>;
  readonly begun: readonly Begun[];
  readonly join: (key: string) => Promise<string> | null;
} {
  const flight = new SingleFlight<string>(maxAtOnce);
  const begun: Begun[] = [];
  const join = (key: string): Promise<string> | null =>
    flight.join(
      key,
      () =>
        new Promise((end, fail) => {
          begun.push({
            key,
            end,
            fail: (reason) => {
              fail(new Error(reason));
            },
          });
        }),
    );
  return { flight, begun, join };
}

t.test('who wants the same at the same time shares one piece of work', async (t) => {
  const { flight, begun, join } = flights(10);
  const [first, second] = [join('a'), join('a')];
  t.equal(begun.length, 1);
  begun[0]?.end('done');
  t.same(await Promise.all([first, second]), ['done', 'done']);
  t.equal(flight.size, 0);
  void join('a');
  t.equal(begun.length, 2, 'nothing is kept');
});

t.test('what is done at once is nobody else’s and not under way', (t) => {
  const { flight } = flights(1);
  t.equal(
    flight.join('a', () => 'done'),
    'done',
  );
  t.equal(flight.size, 0);
  t.equal(
    flight.join('a', () => 'anew'),
    'anew',
  );
  t.end();
});

t.test('a failure reaches all who joined, and the next begins anew', async (t) => {
  const { flight, begun, join } = flights(10);
  const joined = [join('a'), join('a')];
  begun[0]?.fail('broken');
  for (const each of joined) await t.rejects(async () => each, { message: 'broken' });
  t.equal(flight.size, 0);
});

t.test('no more different pieces than allowed are under way, but all may join those', (t) => {
  const { begun, join } = flights(2);
  t.ok(join('a'));
  t.ok(join('b'));
  t.equal(join('c'), null);
  t.ok(join('a'));
  t.same(
    begun.map(({ key }) => key),
    ['a', 'b'],
  );
  t.end();
});

t.test(
  'what was forgotten is not shared, and its end does not end what came after it',
  async (t) => {
    const { flight, begun, join } = flights(10);
    const before = join('a');
    flight.forget('a');
    const after = join('a');
    t.equal(begun.length, 2);
    begun[0]?.end('old');
    t.equal(await before, 'old');
    t.equal(flight.size, 1, 'the second is still under way');
    t.equal(join('a'), after);
    flight.forgetAll();
    t.equal(flight.size, 0);
  },
);
