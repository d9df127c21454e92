import t from 'tap';
import { loadSignals } from '../../src/primary/load-signals.js';

const cpu = { usedPercent: 40, cores: 2, limitCores: null, loadAverage: [] };
const memory = { usedPercent: 70, usedBytes: 7, limitBytes: 10, limitedBy: 'machine' } as const;

t.test('every signal is a share of what there is', (t) => {
  const sources = { system: () => ({ cpu, memory }), eventLoopDelayMs: () => 125 };
  t.same(loadSignals({ ...sources, errorRate: () => 0.3 }), {
    cpu: 0.4,
    memory: 0.7,
    eventLoopDelay: 0.5,
    errorRate: 0.3,
  });
  t.end();
});

t.test('a delay beyond saturation is still 1; an unknown machine is not loaded', (t) => {
  const sources = { system: () => null, eventLoopDelayMs: () => 9999, errorRate: () => 0 };
  t.same(loadSignals(sources), { cpu: 0, memory: 0, eventLoopDelay: 1, errorRate: 0 });
  t.end();
});
