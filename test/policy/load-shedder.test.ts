import fc from 'fast-check';
import t from 'tap';
import { LoadShedder } from '../../src/policy/load-shedder.js';
import { holds } from './holds.js';

const calm = { memory: 0.5, eventLoopDelay: 0, descriptors: 0 };

t.test('gets worse at once, better after a calm second, one step at a time', (t) => {
  const shedder = new LoadShedder();
  t.equal(shedder.state, 'green');
  t.equal(shedder.update(0, { ...calm, memory: 0.93 }), 'amber');
  t.equal(shedder.update(10, { ...calm, memory: 0.97 }), 'red');
  t.equal(shedder.update(20, calm), 'red');
  t.equal(shedder.update(1019, calm), 'red');
  t.equal(shedder.update(1020, calm), 'amber');
  t.equal(shedder.update(1030, calm), 'amber');
  t.equal(shedder.update(2030, calm), 'green');
  t.end();
});

t.test('a state does not end inside its margin, and calm starts anew after each relapse', (t) => {
  const shedder = new LoadShedder();
  shedder.update(0, { ...calm, descriptors: 0.92 });
  for (let nowMs = 100; nowMs < 5000; nowMs += 100) {
    t.equal(shedder.update(nowMs, { ...calm, descriptors: 0.905 }), 'amber');
  }
  shedder.update(5000, calm);
  shedder.update(5900, { ...calm, descriptors: 0.91 });
  t.equal(shedder.update(6000, calm), 'amber');
  t.equal(shedder.update(6999, calm), 'amber');
  t.equal(shedder.update(7000, calm), 'green');
  t.end();
});

t.test('is red whenever a signal says so, and green only below the lower threshold', (t) => {
  const signal = fc.double({ min: 0.85, max: 1, noNaN: true });
  const steps = fc.array(
    fc.record({ gapMs: fc.integer({ min: 0, max: 900 }), eventLoopDelay: signal, memory: signal }),
    { size: 'max', maxLength: 200 },
  );
  holds(
    t,
    fc.property(steps, (samples) => {
      const shedder = new LoadShedder();
      let nowMs = 0;
      for (const { gapMs, eventLoopDelay, memory } of samples) {
        nowMs += gapMs;
        const state = shedder.update(nowMs, { memory, eventLoopDelay, descriptors: NaN });
        const worst = Math.max(memory, eventLoopDelay);
        if (worst >= 0.95 && state !== 'red') return false;
        if (worst >= 0.92 && state === 'green') return false;
      }
      return true;
    }),
  );
  t.end();
});
