/** Builds the alerts and what watches for them; `start` when the tree runs. */
import type { Logger } from 'pino';
import type { MonitoringConfig } from '../../config/config.js';
import { monotonicMs } from '../kernel/clock.js';
import type { AdmissionDelta } from '../telemetry/admission-counts.js';
import type { Store } from '../store/store.js';
import type { MergedDelta } from '../telemetry/metric-delta.js';
import type { MetricFamily } from '../telemetry/metric-family.js';
import { RecentTraffic } from '../telemetry/recent-traffic.js';
import { alertGauges } from './alert-gauges.js';
import { AlertHistory } from './alert-history.js';
import { AlertReadings, type AlertSignals } from './alert-readings.js';
import { AlertSinks } from './alert-sinks.js';
import { AlertWatch } from './alert-watch.js';
import { Alerts } from './alerts.js';
import { StoreWatch } from './store-watch.js';

export interface ComposedAlerts {
  readonly alerts: Alerts;
  readonly history: AlertHistory;
  readonly families: readonly MetricFamily[];
  /** A worker's report of admission. */
  readonly report: (admission: AdmissionDelta | null) => void;
  /** What workers reported of requests. */
  readonly merged: (delta: MergedDelta) => void;
  start(signals: Omit<AlertSignals, 'traffic'>): void;
  /** The settings were replaced. What is an alert stays one until they say otherwise. */
  configure(): void;
  /** Ends the watch and gives what is queued a last chance. */
  close(): Promise<void>;
}

export interface ComposeAlertsOptions {
  /** The settings in force now. */
  readonly monitoring: () => MonitoringConfig;
  readonly store: Pick<Store, 'ping' | 'description' | 'alerts'>;
  readonly port: number;
  readonly log: Logger;
}

const TICK_MS = 1000;
const MAX_STORE_PERIOD_MS = 10_000;

export function composeAlerts(options: ComposeAlertsOptions): ComposedAlerts {
  const { monitoring, store, port, log } = options;
  const sinks = new AlertSinks(monitoring(), log);
  const history = new AlertHistory({ events: store.alerts, log });
  const alerts = new Alerts({
    cooldownMs: monitoring().alertCooldownMs,
    sinks,
    record: (notice) => {
      history.record(notice);
    },
    log,
    port,
  });
  const traffic = new RecentTraffic(trafficSettings(monitoring()));
  const storeWatch = new StoreWatch({ store, alerts, periodMs: storePeriodMs(monitoring()) });
  let timer: NodeJS.Timeout | undefined;
  return {
    alerts,
    history,
    families: alertGauges(alerts, () => new Map([...sinks.counts(), ['store', history.counts()]])),
    report: (admission) => {
      traffic.addAdmission(monotonicMs(), admission);
    },
    merged: (delta) => {
      traffic.addRequests(monotonicMs(), delta);
    },
    start: (signals) => {
      const readings = new AlertReadings(monitoring, { ...signals, traffic });
      const watch = new AlertWatch({
        alerts,
        readings: (nowMs) => readings.at(nowMs),
        repeatMs: () => monitoring().healthCheckIntervalMs,
      });
      storeWatch.start();
      history.recall((notices) => {
        alerts.remember(notices);
      });
      timer = setInterval(() => {
        watch.tick(monotonicMs());
      }, TICK_MS);
    },
    configure: () => {
      const settings = monitoring();
      sinks.configure(settings);
      alerts.setCooldown(settings.alertCooldownMs);
      traffic.configure(monotonicMs(), trafficSettings(settings));
      if (timer !== undefined) storeWatch.setPeriod(storePeriodMs(settings));
    },
    close: async () => {
      clearInterval(timer);
      timer = undefined;
      storeWatch.stop();
      await Promise.all([sinks.close(), history.close()]);
    },
  };
}

function trafficSettings({ alertWindowMs, responseTimeThresholdMs }: MonitoringConfig) {
  return { windowMs: alertWindowMs, slowMs: responseTimeThresholdMs };
}

function storePeriodMs({ healthCheckIntervalMs }: MonitoringConfig): number {
  return Math.min(healthCheckIntervalMs, MAX_STORE_PERIOD_MS);
}
