import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { RespawnBackoff } from '../../src/host/respawn-backoff.js';

const QUICK = { livedMs: 50, hadSpoken: false };

t.test('the first start is immediate', (t) => {
  t.equal(new RespawnBackoff().waitMs(0), 0);
  t.end();
});

t.test('waits double from 0.2 s to 10 s while children die at their start', (t) => {
  const backoff = new RespawnBackoff();
  const waits: number[] = [];
  for (let death = 0; death < 9; death += 1) {
    backoff.died(1000, QUICK, 1);
    waits.push(backoff.waitMs(1000));
  }
  t.strictSame(waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  t.end();
});

t.test('chance takes away at most half of a wait, and it is over when it is over', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(20), (random, deaths) => {
      const backoff = new RespawnBackoff();
      for (let death = 0; death <= deaths; death += 1) backoff.died(0, QUICK, random);
      const full = Math.min(10_000, 200 * 2 ** deaths);
      const waitMs = backoff.waitMs(0);
      assert.ok(waitMs >= full / 2 && waitMs <= full);
      assert.equal(backoff.waitMs(waitMs), 0);
    }),
  );
  t.pass();
  t.end();
});

for (const [what, life] of [
  ['lived a second', { livedMs: 1000, hadSpoken: false }],
  ['had spoken', { livedMs: 1, hadSpoken: true }],
] as const) {
  t.test(`a child that ${what} is replaced at once and ends the series`, (t) => {
    const backoff = new RespawnBackoff();
    backoff.died(0, QUICK, 1);
    backoff.died(0, QUICK, 1);
    backoff.died(0, life, 1);
    t.equal(backoff.waitMs(0), 0);
    t.equal(backoff.quickFailures, 0);
    backoff.died(0, QUICK, 1);
    t.equal(backoff.waitMs(0), 200);
    t.end();
  });
}
