import t from 'tap';
import type { LoadSignals } from '../../src/policy/load-scale.js';
import { RateScale } from '../../src/primary/rate-scale.js';

const IDLE: LoadSignals = { cpu: 0, memory: 0, eventLoopDelay: 0, errorRate: 0 };
const FULL: LoadSignals = { ...IDLE, cpu: 1 };
const adaptive = { enabled: true, threshold: 0.8 };
const sources = { system: () => null, eventLoopDelayMs: () => 0 };

function scaleUnder(load: { signals: LoadSignals }, config = adaptive): RateScale {
  return new RateScale({ ...sources, sampleLoad: () => load.signals }, config, 0);
}

t.test('it falls to half at full load, and comes back by itself', (t) => {
  const load = { signals: FULL };
  const scale = scaleUnder(load);
  t.equal(scale.sample(500), true);
  t.ok(scale.scale < 1 && scale.scale > 0.5, String(scale.scale));
  t.equal(scale.sample(60_000), true);
  t.ok(scale.scale >= 0.5 && scale.scale < 0.51, String(scale.scale));
  load.signals = IDLE;
  t.equal(scale.sample(120_000), true);
  t.equal(scale.scale, 1);
  t.end();
});

t.test('what has hardly changed is no news', (t) => {
  const scale = scaleUnder({ signals: FULL });
  t.equal(scale.sample(60_000), true);
  const told = scale.scale;
  t.equal(scale.sample(60_001), false);
  t.equal(scale.scale, told);
  t.end();
});

t.test('full rates are news even where hardly anything is missing', (t) => {
  const load = { signals: { ...IDLE, cpu: 0.805 } };
  const scale = scaleUnder(load);
  t.equal(scale.sample(10_000), true);
  load.signals = IDLE;
  t.equal(scale.sample(10_110), true);
  t.ok(scale.scale > 0.99 && scale.scale < 1, String(scale.scale));
  t.equal(scale.sample(11_000), true);
  t.equal(scale.scale, 1);
  t.end();
});

t.test('switched off it is 1 at once, and load is still sampled', (t) => {
  const scale = scaleUnder({ signals: FULL });
  scale.sample(60_000);
  t.equal(scale.configure({ ...adaptive, enabled: false }, 60_000), true);
  t.equal(scale.scale, 1);
  t.equal(scale.configure({ ...adaptive, enabled: false }, 60_000), false, 'once');
  t.equal(scale.sample(61_000), false);
  t.equal(scale.scale, 1);
  t.same(scale.load, FULL);
  t.end();
});

t.test('another threshold begins anew', (t) => {
  const scale = scaleUnder({ signals: { ...IDLE, cpu: 0.85 } });
  scale.sample(60_000);
  t.ok(scale.scale < 1);
  scale.configure({ enabled: true, threshold: 0.9 }, 60_000);
  scale.sample(120_000);
  t.equal(scale.scale, 1);
  t.end();
});

t.test('the failures of one user do not lower the rates of all', (t) => {
  const scale = new RateScale(sources, adaptive, 0);
  const ana = { user: 'ana', successes: 0, failures: 30 };
  const bob = { user: 'bob', successes: 2, failures: 0 };
  scale.callsEnded({ successes: 2, failures: 30, users: [ana, bob] }, 0);
  t.equal(scale.sample(5000), false);
  t.equal(scale.scale, 1);
  t.equal(scale.load?.errorRate, 0);
  scale.callsEnded(
    { successes: 0, failures: 6, users: [{ ...bob, successes: 0, failures: 6 }] },
    5000,
  );
  t.equal(scale.sample(5500), false);
  t.equal(scale.load?.errorRate, 0.75, 'what the others meet counts');
  t.end();
});

t.test('many served calls of whoever fails most do not hide that hardly anybody fails', (t) => {
  const scale = new RateScale(sources, adaptive, 0);
  const ana = { user: 'ana', successes: 95, failures: 5 };
  const bob = { user: 'bob', successes: 0, failures: 4 };
  scale.callsEnded({ successes: 95, failures: 9, users: [ana, bob] }, 0);
  scale.sample(100);
  t.equal(scale.load?.errorRate, 9 / 104);
  t.end();
});

t.test('failures count from twenty calls on', (t) => {
  const scale = new RateScale(sources, adaptive, 0);
  scale.callsEnded({ successes: 0, failures: 19, users: [] }, 0);
  scale.sample(100);
  t.equal(scale.load?.errorRate, 0);
  scale.callsEnded({ successes: 0, failures: 1, users: [] }, 100);
  scale.sample(200);
  t.equal(scale.load?.errorRate, 1);
  t.end();
});
