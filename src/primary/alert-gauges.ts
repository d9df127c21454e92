/** What `/metrics` shows of alerts. */
import { ALERT_KINDS } from '../policy/alert-kinds.js';
import type { MetricFamily } from '../telemetry/metric-family.js';
import type { SinkCounts } from './alert-sinks.js';
import type { Alerts } from './alerts.js';

export function alertGauges(
  alerts: Pick<Alerts, 'totals' | 'active'>,
  /** By sink. */
  deliveries: () => ReadonlyMap<string, SinkCounts>,
): readonly MetricFamily[] {
  const kinds = Object.entries(ALERT_KINDS);
  const total = (pick: 'told' | 'suppressed') => () =>
    Array.from(alerts.totals(), ([alert, totals]) => ({ labels: { alert }, value: totals[pick] }));
  return [
    {
      name: 'multi_mcp_alerts_active',
      help: 'Causes that are an alert now, by kind; 0 when there is none.',
      labels: ['alert', 'severity'],
      samples: () => {
        const active = alerts.active();
        return kinds.map(([alert, { severity }]) => ({
          labels: { alert, severity },
          value: active.filter((each) => each.alert === alert).length,
        }));
      },
    },
    {
      name: 'multi_mcp_alerts_total',
      type: 'counter',
      help: 'Alerts told, recoveries apart.',
      labels: ['alert'],
      samples: total('told'),
    },
    {
      name: 'multi_mcp_alerts_suppressed_total',
      type: 'counter',
      help: 'Repeats within the cooldown, which were only counted.',
      labels: ['alert'],
      samples: total('suppressed'),
    },
    {
      name: 'multi_mcp_alert_deliveries_total',
      type: 'counter',
      help: 'Alert messages by sink and how they ended; sink store: those kept for after a restart.',
      labels: ['sink', 'result'],
      samples: () =>
        Array.from(deliveries()).flatMap(([sink, { delivered, lost }]) => [
          { labels: { sink, result: 'delivered' }, value: delivered },
          { labels: { sink, result: 'lost' }, value: lost },
        ]),
    },
  ];
}
