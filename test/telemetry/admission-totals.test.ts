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
    counts.overflowed('s');
    totals.add(counts.take());
  }
  totals.add(null);
  t.equal(totals.admitted, 3);
  t.equal(totals.refused.get('queue'), 3);
  t.equal(totals.retries.get('s'), 3);
  t.equal(totals.overflows.get('s'), 3);
  t.equal(totals.queueWait.get('s')?.snapshot().count, 3);
  t.end();
});

t.test('ever new names of servers do not fill the memory', (t) => {
  const totals = new AdmissionTotals();
  for (let i = 0; i < 6000; i += 1) {
    const counts = new AdmissionCounts();
    counts.waited(`s${i}`, 1);
    counts.retried(`s${i}`);
    totals.add(counts.take());
  }
  t.equal(totals.queueWait.size, 5000);
  t.equal(totals.retries.size, 5000);
  const known = new AdmissionCounts();
  known.retried('s0');
  totals.add(known.take());
  t.equal(totals.retries.get('s0'), 2, 'those that are known count on');
  t.end();
});
