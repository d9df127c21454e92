import t from 'tap';
import { BreakerGate } from '../../src/policy/breaker-gate.js';

t.test('closed admits everyone', (t) => {
  const gate = new BreakerGate();
  for (let nowMs = 0; nowMs < 5; nowMs += 1) t.equal(gate.admit(nowMs), 0);
  t.equal(gate.state, 'closed');
  t.end();
});

t.test('open admits nobody and tells how long, counted from the announcement', (t) => {
  const gate = new BreakerGate();
  gate.apply({ state: 'open', generation: 2, retryAfterMs: 5000 }, 1000);
  t.equal(gate.admit(1000), 5000);
  t.equal(gate.admit(4000.5), 2000);
  t.equal(gate.admit(9000), 1, 'until the next announcement says otherwise');
  t.equal(gate.generation, 2);
  t.end();
});

t.test("half-open admits no user's call", (t) => {
  const gate = new BreakerGate();
  gate.apply({ state: 'half-open', generation: 3 }, 0);
  t.ok(gate.admit(0) > 0);
  t.end();
});

t.test('an announcement that comes late changes nothing', (t) => {
  const gate = new BreakerGate();
  gate.apply({ state: 'open', generation: 4, retryAfterMs: 10 }, 0);
  gate.apply({ state: 'closed', generation: 3, rampMs: 0, rampedMs: 0 }, 1);
  t.equal(gate.state, 'open');
  t.end();
});

t.test('during the ramp the admitted share grows in a line to everyone', (t) => {
  const gate = new BreakerGate();
  gate.apply({ state: 'closed', generation: 5, rampMs: 10_000, rampedMs: 0 }, 0);
  const admitted: number[] = [];
  for (let second = 0; second < 11; second += 1) {
    let count = 0;
    for (let call = 0; call < 1000; call += 1) {
      const waitMs = gate.admit(second * 1000 + call);
      if (waitMs === 0) count += 1;
      else t.ok(waitMs <= 1000 && waitMs > 0);
    }
    admitted.push(count);
  }
  admitted.forEach((count, second) => {
    const expected = second >= 10 ? 1000 : Math.max(100, second * 100 + 50);
    t.ok(Math.abs(count - expected) <= 2, `second ${second}: ${count} of 1000`);
  });
  t.end();
});

t.test('a gate that hears late joins the ramp where it is', (t) => {
  const gate = new BreakerGate();
  gate.apply({ state: 'closed', generation: 5, rampMs: 10_000, rampedMs: 9000 }, 50_000);
  t.ok(gate.admit(50_000) > 0);
  t.equal(gate.admit(51_000), 0);
  t.equal(gate.admit(51_000), 0);
  t.end();
});
