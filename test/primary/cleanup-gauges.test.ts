import t from 'tap';
import { cleanupGauges } from '../../src/primary/cleanup-gauges.js';
import { CleanupTotals } from '../../src/telemetry/cleanup-counts.js';

t.test("the primary's own accounts and what processes reported stand side by side", (t) => {
  const totals = new CleanupTotals();
  totals.add({ processes: 2 });
  const [family] = cleanupGauges(totals, () => 9);
  const shown = new Map(family?.samples().map(({ labels, value }) => [labels['kind'], value]));
  t.equal(shown.get('rate-limits'), 9);
  t.equal(shown.get('processes'), 2);
  t.equal(shown.get('sessions'), 0);
  t.end();
});
