import fc from 'fast-check';
import t from 'tap';
import { holds } from './holds.js';
import { TokenBucket } from '../../src/policy/token-bucket.js';

/** The definition, recomputed from the whole history: tokens = min(capacity, tokens + rate * elapsed). */
class ReferenceBucket {
  readonly capacity: number;
  readonly perSecond: number;
  tokens: number;
  atMs = 0;
  constructor(capacity: number, perSecond: number) {
    this.capacity = capacity;
    this.perSecond = perSecond;
    this.tokens = capacity;
  }
  advance(nowMs: number): void {
    this.tokens = Math.min(
      this.capacity,
      this.tokens + ((nowMs - this.atMs) * this.perSecond) / 1000,
    );
    this.atMs = nowMs;
  }
}

const capacities = fc.integer({ min: 1, max: 200 });
const rates = fc.integer({ min: 1, max: 1000 });
const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { size: 'max', maxLength: 400 });

t.test('any interval admits at most capacity + rate * length', (t) => {
  holds(
    t,
    fc.property(capacities, rates, gaps, (capacity, refillPerSecond, gapsMs) => {
      const bucket = new TokenBucket({ capacity, refillPerSecond }, 0);
      const admittedAtMs: number[] = [];
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs / 10;
        while (bucket.take(nowMs) === 0) admittedAtMs.push(nowMs);
      }
      // The worst interval is one that starts and ends with an admission; checking the tightest pairs is enough:
      // excess(i, j) = (j - i + 1) - rate * (tj - ti), so keep the best start while walking the ends.
      let bestStart = -Infinity;
      return admittedAtMs.every((atMs, index) => {
        const line = (refillPerSecond / 1000) * atMs - index;
        bestStart = Math.max(bestStart, line);
        const worstExcess = bestStart - line + 1;
        return worstExcess <= capacity + 1e-6;
      });
    }),
  );
  t.end();
});

t.test('decides as the definition does, for takes of any size', (t) => {
  const step = fc.record({
    gapMs: fc.integer({ min: 0, max: 300 }),
    count: fc.integer({ min: 1, max: 20 }),
    upTo: fc.boolean(),
  });
  holds(
    t,
    fc.property(
      capacities,
      rates,
      fc.array(step, { size: 'max', maxLength: 300 }),
      (capacity, perSecond, steps) => {
        const bucket = new TokenBucket({ capacity, refillPerSecond: perSecond }, 0);
        const reference = new ReferenceBucket(capacity, perSecond);
        let nowMs = 0;
        for (const { gapMs, count, upTo } of steps) {
          nowMs += gapMs;
          reference.advance(nowMs);
          const available = Math.floor(reference.tokens + 1e-6);
          // Where rounding decides between two whole numbers of tokens, either answer is right.
          if (Math.abs(reference.tokens - Math.round(reference.tokens)) < 1e-6) {
            reference.tokens = Math.round(reference.tokens);
          }
          if (upTo) {
            const taken = bucket.takeUpTo(nowMs, count);
            if (taken !== Math.min(count, available)) return false;
            reference.tokens -= taken;
          } else {
            const admitted = bucket.take(nowMs, count) === 0;
            if (admitted !== count <= available) return false;
            if (admitted) reference.tokens -= count;
          }
          if (bucket.remaining(nowMs) !== Math.floor(reference.tokens + 1e-6)) return false;
        }
        return true;
      },
    ),
  );
  t.end();
});

t.test('a client that waits as told is admitted, and one millisecond earlier is not', (t) => {
  holds(
    t,
    fc.property(
      capacities,
      rates,
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.double({ min: 0, max: 50, noNaN: true }),
      fc.integer({ min: 1, max: 20 }),
      (capacity, refillPerSecond, startMs, gapMs, count) => {
        fc.pre(count <= capacity);
        const bucket = new TokenBucket({ capacity, refillPerSecond }, startMs);
        while (bucket.take(startMs) === 0);
        const nowMs = startMs + gapMs;
        const waitMs = bucket.take(nowMs, count);
        if (waitMs === 0) return gapMs > 0;
        if (count === 1 && bucket.waitMs(nowMs) !== waitMs) return false;
        const early = bucket.take(nowMs + waitMs - 1.001, count);
        return early > 0 && bucket.take(nowMs + waitMs, count) === 0;
      },
    ),
  );
  t.end();
});

t.test('a clock that steps back pays out no interval twice', (t) => {
  const jumps = fc.array(fc.integer({ min: -500, max: 500 }), { size: 'max', maxLength: 200 });
  holds(
    t,
    fc.property(jumps, (jumpsMs) => {
      const bucket = new TokenBucket({ capacity: 10, refillPerSecond: 100 }, 10_000);
      let nowMs = 10_000;
      let latestMs = nowMs;
      let admitted = 0;
      for (const jumpMs of jumpsMs) {
        nowMs += jumpMs;
        latestMs = Math.max(latestMs, nowMs);
        while (bucket.take(nowMs) === 0) admitted += 1;
      }
      return admitted <= 10 + (latestMs - 10_000) / 10 + 1e-6;
    }),
  );
  t.end();
});

t.test('lent tokens occupy the bucket: spent or not, no more than capacity exist', (t) => {
  const step = fc.record({
    gapMs: fc.integer({ min: 0, max: 300 }),
    lend: fc.integer({ min: 0, max: 20 }),
    spend: fc.integer({ min: 0, max: 20 }),
    giveBack: fc.integer({ min: 0, max: 20 }),
  });
  holds(
    t,
    fc.property(fc.array(step, { size: 'max', maxLength: 200 }), (steps) => {
      const bucket = new TokenBucket({ capacity: 20, refillPerSecond: 50 }, 0);
      let nowMs = 0;
      let inside = 20;
      let lent = 0;
      for (const { gapMs, lend, spend, giveBack } of steps) {
        nowMs += gapMs;
        // What is lent leaves no room to refill, until it is settled.
        inside = Math.min(20 - lent, inside + gapMs * 0.05);
        const spent = Math.min(spend, lent);
        const returned = Math.min(giveBack, lent - spent);
        bucket.settle(nowMs, spent, returned);
        lent -= spent + returned;
        inside += returned;
        const borrowed = Math.min(lend, Math.floor(inside + 1e-6));
        if (bucket.lend(nowMs, lend) !== borrowed) return false;
        lent += borrowed;
        inside -= borrowed;
        if (bucket.remaining(nowMs) !== Math.floor(inside + 1e-6)) return false;
        if (bucket.isIdle(nowMs) !== (lent === 0 && inside > 20 - 1e-6)) return false;
      }
      // With everything settled the bucket fills up again.
      bucket.settle(nowMs, lent, 0);
      return bucket.remaining(nowMs + 400) === 20 && bucket.isIdle(nowMs + 400);
    }),
  );
  t.end();
});

t.test('every question is answered as of the time it names', (t) => {
  const emptied = (): TokenBucket => {
    const bucket = new TokenBucket({ capacity: 10, refillPerSecond: 10 }, 0);
    bucket.takeUpTo(0, 10);
    return bucket;
  };
  t.equal(emptied().waitMs(60), 40);
  t.equal(emptied().waitMs(100), 0);
  t.equal(emptied().resetMs(250), 750);
  t.equal(emptied().isIdle(999), false);
  t.equal(emptied().isIdle(1000), true);
  const given = emptied();
  given.giveBack(900, 5);
  t.equal(given.remaining(900), 10, 'nine came back before');
  t.end();
});

t.test('what can never be admitted says so', (t) => {
  const bucket = new TokenBucket({ capacity: 5, refillPerSecond: 10 }, 0);
  t.equal(bucket.take(0, 6), Infinity, 'more than the bucket holds');
  const finite = new TokenBucket({ capacity: 1, refillPerSecond: 0 }, 0);
  t.equal(finite.take(0), 0);
  t.equal(finite.take(1e9), Infinity, 'no refill');
  t.equal(finite.resetMs(1e9), Infinity);
  t.end();
});

t.test('a new rate applies from now on, to the time still to come', (t) => {
  const bucket = new TokenBucket({ capacity: 100, refillPerSecond: 100 }, 0);
  t.equal(bucket.takeUpTo(0, 100), 100);
  bucket.setRate(500, { capacity: 10, refillPerSecond: 10 });
  t.equal(bucket.limit, 10);
  t.equal(bucket.remaining(500), 10, 'cut to the new size');
  t.equal(bucket.takeUpTo(500, 100), 10);
  t.equal(bucket.remaining(1000), 5);
  t.end();
});

t.test('tells what the RateLimit header needs', (t) => {
  const bucket = new TokenBucket({ capacity: 10, refillPerSecond: 10 }, 0);
  t.equal(bucket.resetMs(0), 0);
  t.equal(bucket.waitMs(0), 0);
  bucket.takeUpTo(0, 10);
  t.equal(bucket.remaining(0), 0);
  t.equal(bucket.resetMs(0), 1000);
  t.equal(bucket.waitMs(0), 100);
  bucket.giveBack(0, 4);
  t.equal(bucket.remaining(0), 4);
  bucket.giveBack(0, 40);
  t.equal(bucket.remaining(0), 10, 'never past the capacity');
  t.end();
});
