import t from 'tap';
import { CLEANED, CleanupCounts, CleanupTotals } from '../../src/telemetry/cleanup-counts.js';

t.test('what was removed is told once, and nothing when nothing was', (t) => {
  const counts = new CleanupCounts();
  t.equal(counts.take(), undefined);
  counts.removed('sessions');
  counts.removed('sessions', 2);
  counts.removed('identities', 0);
  t.same(counts.take(), { sessions: 3 });
  t.equal(counts.take(), undefined);
  t.end();
});

t.test('totals know every kind from the start, and no other', (t) => {
  const totals = new CleanupTotals();
  t.same([...totals.totals().keys()], CLEANED);
  totals.add({ sessions: 3, unheard: 5, streams: 'many', credentials: -1 });
  totals.add({ sessions: 1 });
  for (const nonsense of [null, undefined, 7, 'x']) totals.add(nonsense);
  t.equal(totals.totals().get('sessions'), 4);
  t.equal(
    [...totals.totals().values()].reduce((sum, count) => sum + count, 0),
    4,
  );
  t.end();
});
