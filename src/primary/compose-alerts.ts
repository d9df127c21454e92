/** Builds the alerts and what watches for them; `start` when the tree runs. */
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { processEnv } from '../../config/load.js';
import { monotonicMs } from '../kernel/clock.js';
import type { AdmissionDelta } from '../telemetry/admission-counts.js';
import type { Store } from '../store/store.js';
import { createAlertCommand } from '../telemetry/alert-command.js';
import { AlertDelivery } from '../telemetry/alert-delivery.js';
import { createAlertWebhook } from '../telemetry/alert-webhook.js';
import type { MergedDelta } from '../telemetry/metric-delta.js';
import { RecentTraffic } from '../telemetry/recent-traffic.js';
import { AlertReadings, type AlertSignals } from './alert-readings.js';
import { AlertWatch } from './alert-watch.js';
import { Alerts } from './alerts.js';
import { StoreWatch } from './store-watch.js';

export interface ComposedAlerts {
  readonly alerts: Alerts;
  /** A worker's report of admission. */
  readonly report: (admission: AdmissionDelta | null) => void;
  /** What workers reported of requests. */
  readonly merged: (delta: MergedDelta) => void;
  start(signals: Omit<AlertSignals, 'traffic'>, store: Pick<Store, 'ping'>): void;
  /** Ends the watch and gives what is queued a last chance. */
  close(): Promise<void>;
}

const TICK_MS = 1000;
const MAX_STORE_PERIOD_MS = 10_000;
/** What a program needs to run; the rest of the environment may hold secrets. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ'];

export function composeAlerts(
  { monitoring }: Pick<Config, 'monitoring'>,
  port: number,
  log: Logger,
): ComposedAlerts {
  const alerts = new Alerts({
    cooldownMs: monitoring.alertCooldownMs,
    deliveries: sinks(monitoring).map((sink) => new AlertDelivery({ sink, log })),
    log,
    port,
  });
  const traffic = new RecentTraffic({
    windowMs: monitoring.alertWindowMs,
    slowMs: monitoring.responseTimeThresholdMs,
  });
  let timer: NodeJS.Timeout | undefined;
  let storeWatch: StoreWatch | undefined;
  return {
    alerts,
    report: (admission) => {
      traffic.addAdmission(monotonicMs(), admission);
    },
    merged: (delta) => {
      traffic.addRequests(monotonicMs(), delta);
    },
    start: (signals, store) => {
      const readings = new AlertReadings(monitoring, { ...signals, traffic });
      const watch = new AlertWatch({
        alerts,
        readings: (nowMs) => readings.at(nowMs),
        repeatMs: monitoring.healthCheckIntervalMs,
      });
      const periodMs = Math.min(monitoring.healthCheckIntervalMs, MAX_STORE_PERIOD_MS);
      storeWatch = new StoreWatch({ store, alerts, periodMs });
      storeWatch.start();
      timer = setInterval(() => {
        watch.tick(monotonicMs());
      }, TICK_MS);
    },
    close: async () => {
      clearInterval(timer);
      storeWatch?.stop();
      await alerts.close();
    },
  };
}

function sinks({ webhook, command }: Config['monitoring']) {
  const environment = processEnv();
  const env = Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return [
    ...(webhook === null ? [] : [createAlertWebhook(webhook)]),
    ...(command === null ? [] : [createAlertCommand({ ...command, env })]),
  ];
}
