import t from 'tap';
import { LoadSampler } from '../../src/primary/load-signals.js';
import { until } from '../support/until.js';

t.test('every signal is a share of what there is', async (t) => {
  const sampler = new LoadSampler({ eventLoopDelayMs: () => 125, errorRate: () => 0.3 });
  const { cpu, memory, eventLoopDelay, errorRate } = sampler.sample();
  t.ok(cpu >= 0 && cpu <= 1);
  t.ok(memory > 0 && memory < 1);
  t.equal(eventLoopDelay, 0.5);
  t.equal(errorRate, 0.3);
  const busyUntilMs = performance.now() + 300;
  sampler.sample();
  while (performance.now() < busyUntilMs);
  const busy = await until(() => sampler.sample().cpu > 0.1, { timeoutMs: 5000, what: 'CPU use' });
  t.ok(busy, 'CPU use since the last sample is seen');
});

t.test('a delay beyond saturation is still 1', (t) => {
  const sampler = new LoadSampler({ eventLoopDelayMs: () => 9999, errorRate: () => 0 });
  t.equal(sampler.sample().eventLoopDelay, 1);
  t.end();
});
