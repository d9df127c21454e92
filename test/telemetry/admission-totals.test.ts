import t from 'tap';
import { AdmissionCounts } from '../../src/telemetry/admission-counts.js';
import { AdmissionTotals } from '../../src/telemetry/admission-totals.js';

t.test('deltas of all workers add up', (t) => {
  const totals = new AdmissionTotals();
  for (let worker = 0; worker < 3; worker += 1) {
    const counts = new AdmissionCounts();
    counts.admitted();
    counts.refused('queue');
    counts.waited('s', 10);
    counts.retried('s');
    totals.add(counts.take());
  }
  totals.add(null);
  t.equal(totals.admitted, 3);
  t.equal(totals.refused.get('queue'), 3);
  t.equal(totals.retries.get('s'), 3);
  t.equal(totals.queueWait.get('s')?.snapshot().count, 3);
  t.end();
});
