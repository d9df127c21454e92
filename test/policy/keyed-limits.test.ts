import fc from 'fast-check';
import t from 'tap';
import { holds } from './holds.js';
import { KeyedLimits } from '../../src/policy/keyed-limits.js';
import { SlidingWindow } from '../../src/policy/sliding-window.js';

const WINDOW_MS = 1000;
const LIMIT = 2;

function table(maxKeys: number): KeyedLimits<SlidingWindow> {
  return new KeyedLimits({
    maxKeys,
    create: () => new SlidingWindow({ limit: LIMIT, windowMs: WINDOW_MS }),
  });
}

t.test('no key is ever admitted above its limit, however many keys push through the table', (t) => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 0, max: 300 }),
      key: fc.integer({ min: 0, max: 30 }),
      sweep: fc.integer({ min: 0, max: 20 }),
    }),
    { size: 'max', maxLength: 500 },
  );
  holds(
    t,
    fc.property(steps, (taken) => {
      const limits = table(4);
      const admitted = new Map<number, number[]>();
      let nowMs = 0;
      for (const { gapMs, key, sweep } of taken) {
        nowMs += gapMs;
        if (sweep === 0) limits.sweep(nowMs);
        if (limits.size > 4) return false;
        if (limits.get(`user ${key}`, nowMs)?.take(nowMs) !== 0) continue;
        const recent = (admitted.get(key) ?? []).filter((atMs) => atMs + WINDOW_MS > nowMs);
        admitted.set(key, [...recent, nowMs]);
        if (recent.length + 1 > LIMIT) return false;
      }
      return true;
    }),
  );
  t.end();
});

t.test(
  'a full table gives a new key the place of an idle one and keeps those that constrain',
  (t) => {
    const limits = table(2);
    limits.get('busy', 0)?.take(900);
    limits.get('idle', 0)?.take(0);
    t.equal(limits.get('new', 500), undefined, 'both still constrain');
    const made = limits.get('new', 1000);
    t.ok(made, 'idle made room');
    made?.take(1000);
    t.equal(limits.peek('idle'), undefined);
    t.ok(limits.peek('busy'));
    t.equal(limits.size, 2);
    t.end();
  },
);

t.test('every idle limit of a full table is found in the end', (t) => {
  const limits = table(100);
  for (let key = 0; key < 100; key += 1) limits.get(`user ${key}`, 0)?.take(key === 70 ? 0 : 999);
  let tries = 1;
  while (limits.get('new', 1000) === undefined) {
    tries += 1;
    if (tries > 10) break;
  }
  t.equal(tries, 3, 'a few steps for each try');
  t.equal(limits.peek('user 70'), undefined);
  t.end();
});

t.test('the sweep drops exactly the idle limits', (t) => {
  const limits = table(10);
  limits.get('a', 0)?.take(0);
  limits.get('b', 0)?.take(600);
  t.equal(limits.sweep(1200), 1);
  t.same(
    [...limits.entries()].map(([key]) => key),
    ['b'],
  );
  t.end();
});

t.test('a table without room refuses at once', (t) => {
  t.equal(table(0).get('a', 0), undefined);
  t.end();
});
