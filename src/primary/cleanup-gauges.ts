/** What `/metrics` shows of clean-ups: the reports of all processes and the primary's own. */
import type { CleanupTotals } from '../telemetry/cleanup-counts.js';
import type { MetricFamily } from '../telemetry/metric-family.js';

/** `sweptAccounts`: the primary's own, since its start. */
export function cleanupGauges(
  reported: CleanupTotals,
  sweptAccounts: () => number,
): readonly MetricFamily[] {
  return [
    {
      name: 'multi_mcp_cleanup_removed_total',
      type: 'counter',
      help: 'What was removed because it was idle or expired.',
      labels: ['kind'],
      samples: () =>
        Array.from(reported.totals(), ([kind, count]) => ({
          labels: { kind },
          value: kind === 'rate-limits' ? count + sweptAccounts() : count,
        })),
    },
  ];
}
