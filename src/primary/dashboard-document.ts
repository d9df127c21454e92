/** What the dashboard asks for each second: the whole health document, and traffic since it asked last. */
import type { AlertsView } from '../admin/operations.js';
import { monotonicMs } from '../kernel/clock.js';
import { healthDocument, type StatusSource } from './status-documents.js';
import { SLOT_SECONDS, type TrafficHistory } from './traffic-history.js';

export interface DashboardSources {
  readonly status: StatusSource;
  readonly traffic: TrafficHistory;
  readonly alerts: () => AlertsView;
}

/** Of the alerts' history; the command line has all of it. */
const MAX_PAST_ALERTS = 10;

/** `since`: the newest slot the page has; anything else means all of them. */
export function dashboardDocument(
  { status, traffic, alerts }: DashboardSources,
  since: string,
): Readonly<Record<string, unknown>> {
  const slot = /^\d{1,15}$/.test(since) ? Number(since) : 0;
  const slots = traffic.since(slot, monotonicMs());
  const { monitoring } = status.config;
  return {
    health: healthDocument(status, true),
    pastAlerts: alerts().history.slice(0, MAX_PAST_ALERTS),
    thresholds: {
      cpuPercent: monitoring.cpuThresholdPercent,
      memoryPercent: monitoring.memoryThresholdPercent,
      responseTimeMs: monitoring.responseTimeThresholdMs,
      errorRatePercent: monitoring.errorRateThresholdPercent,
      alertCooldownMs: monitoring.alertCooldownMs,
    },
    traffic: { slotSeconds: SLOT_SECONDS, slots },
  };
}
