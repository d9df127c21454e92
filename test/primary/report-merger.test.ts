import t from 'tap';
import { ReportMerger } from '../../src/primary/report-merger.js';
import { mergeDeltas } from '../../src/telemetry/metric-delta.js';
import { MetricTotals } from '../../src/telemetry/metric-totals.js';
import { createThreadPool } from '../../src/threads/pool.js';
import { AGGREGATE_METRICS } from '../../src/threads/tasks.js';
import { until } from '../support/until.js';

const countOf = (totals: MetricTotals) => totals.counters('f')[0]?.value ?? 0;

t.test('reports are merged in a real thread and added, asked for or not', async (t) => {
  const pool = createThreadPool(AGGREGATE_METRICS, { deadlineMs: 20_000, maxQueue: 4 });
  t.teardown(() => pool.close());
  const totals = new MetricTotals();
  const errors: unknown[] = [];
  const merger = new ReportMerger({
    totals,
    mergeInThread: (reports) => pool.run(reports),
    onMerged: () => undefined,
    onThreadError: (thrown) => errors.push(thrown),
  });
  merger.add('f\t1\tx\n');
  merger.add('');
  merger.add('f\t2\tx\n');
  await merger.flush();
  t.equal(countOf(totals), 3);
  merger.add('f\t4\tx\n');
  await until(() => countOf(totals) === 7, { timeoutMs: 20_000, what: 'the next batch' });
  t.same(errors, []);
});

t.test('a batch whose thread died is merged once all the same, in order', async (t) => {
  const totals = new MetricTotals();
  const errors: unknown[] = [];
  let calls = 0;
  const merger = new ReportMerger({
    totals,
    mergeInThread: (reports) => {
      calls += 1;
      return calls === 1
        ? Promise.reject(new Error('gone'))
        : Promise.resolve(mergeDeltas(reports));
    },
    onMerged: () => undefined,
    onThreadError: (thrown) => errors.push(thrown),
  });
  merger.add('f\t1\tx\n');
  const first = merger.flush();
  merger.add('f\t10\tx\n');
  await merger.flush();
  await first;
  t.equal(countOf(totals), 11);
  t.equal(errors.length, 1);
});
