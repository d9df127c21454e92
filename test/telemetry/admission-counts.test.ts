import t from 'tap';
import { AdmissionCounts, asAdmissionDelta } from '../../src/telemetry/admission-counts.js';

t.test('a delta holds what happened since the last, and crosses the process border', (t) => {
  const counts = new AdmissionCounts();
  counts.admitted();
  counts.admitted();
  counts.refused('queue');
  counts.waited('s', 5);
  counts.retried('s');
  counts.overflowed('s');
  const delta = asAdmissionDelta(JSON.parse(JSON.stringify(counts.take())));
  t.match(delta, {
    admitted: 2,
    refused: { queue: 1 },
    queueWaitMs: { s: { count: 1 } },
    retries: { s: 1 },
    overflows: { s: 1 },
  });
  const nothing = { admitted: 0, refused: {}, queueWaitMs: {}, retries: {}, overflows: {} };
  t.same(counts.take(), nothing);
  t.end();
});

t.test('what is no delta is not taken for one', (t) => {
  for (const wrong of [null, 5, {}, { admitted: 1 }]) t.equal(asAdmissionDelta(wrong), null);
  t.end();
});
