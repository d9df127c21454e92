import fc from 'fast-check';
import t from 'tap';
import { instanceToEvict, type HeldInstance } from '../../src/policy/instance-eviction.js';

const NOW_MS = 100_000;

function held(user: string, more: Partial<HeldInstance> = {}): HeldInstance {
  const idle = { isBusy: false, isListening: false, isStateless: false, lastUsedAtMs: NOW_MS };
  return { user, ...idle, ...more };
}

const evict = (all: readonly HeldInstance[], user: string, waiting = 0) =>
  instanceToEvict(all, { user, waiting }, NOW_MS);

t.test('whoever holds most gives the one that was used longest ago', (t) => {
  const oldest = held('ana', { lastUsedAtMs: 1 });
  const all = [held('ana'), held('ana'), oldest, held('bob', { lastUsedAtMs: 0 }), held('bob')];
  t.equal(evict(all, 'cy'), oldest);
  t.end();
});

t.test('one that nobody listens to before one that has a client', (t) => {
  const listening = held('ana', { isListening: true, lastUsedAtMs: 1 });
  const silent = held('ana', { lastUsedAtMs: 2 });
  t.equal(evict([listening, silent], 'bob'), silent);
  t.equal(evict([listening, listening], 'bob'), listening);
  t.end();
});

t.test('one without a session goes first, whoever holds it', (t) => {
  const stateless = held('bob', { isStateless: true });
  t.equal(evict([held('ana'), held('ana'), held('ana'), stateless], 'cy'), stateless);
  t.equal(evict([held('bob', { isStateless: true, isListening: true })], 'cy'), undefined);
  t.end();
});

t.test('his own only when its client seems to be gone', (t) => {
  const abandoned = held('ana', { lastUsedAtMs: NOW_MS - 30_000 });
  t.equal(evict([abandoned, held('ana')], 'ana'), abandoned);
  t.equal(evict([held('ana', { lastUsedAtMs: NOW_MS - 29_999 })], 'ana'), undefined);
  t.equal(evict([{ ...abandoned, isListening: true }], 'ana'), undefined);
  t.end();
});

t.test('requests that already wait for one count as if they had it', (t) => {
  const all = [held('ana'), held('ana'), held('ana')];
  t.ok(evict(all, 'bob', 1));
  t.equal(evict(all, 'bob', 2), undefined);
  t.end();
});

const anyHeld: fc.Arbitrary<HeldInstance> = fc.record({
  user: fc.constantFrom('a', 'b', 'c', 'd'),
  isBusy: fc.boolean(),
  isListening: fc.boolean(),
  isStateless: fc.boolean(),
  lastUsedAtMs: fc.nat(NOW_MS),
});

t.test('nothing at work ends, and nobody gains by it more than he leaves to others', (t) => {
  fc.assert(
    fc.property(fc.array(anyHeld, { maxLength: 20 }), fc.constantFrom('a', 'e'), (all, user) => {
      const evicted = evict(all, user);
      if (evicted === undefined) return true;
      const countOf = (name: string) => all.filter((each) => each.user === name).length;
      const isFair =
        evicted.user === user || evicted.isStateless || countOf(evicted.user) - 1 > countOf(user);
      return all.includes(evicted) && !evicted.isBusy && isFair;
    }),
  );
  t.end();
});

t.test('who has none is refused only where each holds one or all that is over one works', (t) => {
  fc.assert(
    fc.property(fc.array(anyHeld, { minLength: 1, maxLength: 20 }), (all) => {
      const counts = new Map<string, number>();
      for (const { user } of all) counts.set(user, (counts.get(user) ?? 0) + 1);
      const isSpare = ({ user, isBusy }: HeldInstance) => !isBusy && (counts.get(user) ?? 0) > 1;
      return evict(all, 'e') !== undefined || !all.some(isSpare);
    }),
  );
  t.end();
});

t.test(
  'users who ask in turn come to rest: each eviction brings them nearer to equally many',
  (t) => {
    const anyUser = fc.constantFrom('a', 'b', 'c');
    const unevenness = (all: readonly HeldInstance[]): number =>
      ['a', 'b', 'c'].reduce(
        (sum, name) => sum + all.filter(({ user }) => user === name).length ** 2,
        0,
      );
    fc.assert(
      fc.property(
        fc.array(anyUser, { minLength: 6, maxLength: 6 }),
        fc.array(anyUser, { minLength: 60, maxLength: 60 }),
        (holders, askers) => {
          let all = holders.map((user) => held(user));
          for (const user of askers) {
            const evicted = evict(all, user);
            if (evicted === undefined) continue;
            const after = [...all.filter((each) => each !== evicted), held(user)];
            if (unevenness(after) >= unevenness(all)) return false;
            all = after;
          }
          return true;
        },
      ),
    );
    t.end();
  },
);
