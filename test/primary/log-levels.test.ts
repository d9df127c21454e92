import t from 'tap';
import { LogLevels } from '../../src/primary/log-levels.js';
import { until } from '../support/until.js';

function bench() {
  const applied: string[] = [];
  const logged: unknown[] = [];
  const levels = new LogLevels({
    configured: 'info',
    apply: (level) => applied.push(level),
    log: { info: (facts) => logged.push(facts) },
  });
  const told = (): string[] => {
    const levelsTold: string[] = [];
    levels.tell((level) => levelsTold.push(level));
    return levelsTold;
  };
  return { levels, applied, logged, told };
}

t.test('everyone is told, newcomers too, until it is set back', (t) => {
  const { levels, applied, logged, told } = bench();
  t.same(told(), [], 'the configured level needs no word');
  t.match(levels.set({ level: 'debug', forSeconds: null }), { level: 'debug', resetsAt: null });
  t.same(told(), ['debug']);
  t.match(logged, [{ before: 'info', level: 'debug' }], 'a change is logged');
  levels.set({ level: null, forSeconds: null });
  t.same(applied, ['debug', 'info']);
  t.same(told(), []);
  t.end();
});

t.test('after its time it goes back by itself; a later change counts anew', async (t) => {
  const { levels, applied } = bench();
  levels.set({ level: 'trace', forSeconds: 0.01 });
  levels.set({ level: 'debug', forSeconds: 0.02 });
  t.match(levels.view(), { level: 'debug', resetsAt: /Z$/ });
  const stayAwake = setInterval(() => undefined, 10);
  await until(() => applied.length === 3, { timeoutMs: 10_000, what: 'the way back' });
  clearInterval(stayAwake);
  t.same(applied, ['trace', 'debug', 'info']);
  t.same(levels.view(), { level: 'info', configured: 'info', resetsAt: null });
});
