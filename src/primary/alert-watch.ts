/**
 * Turns what the primary measures into alerts: once a second every reading goes through its condition
 * (policy/alert-condition.ts), and what the conditions say goes to the alerts. A condition that lasts is
 * raised again at each health check interval; the cooldown counts these repeats.
 */
import { AlertCondition, type AlertReading } from '../policy/alert-condition.js';
import type { AlertName } from '../policy/alert-kinds.js';
import type { AlertRaiser } from './alerts.js';

export interface WatchedReading extends AlertReading {
  readonly alert: AlertName;
  readonly target: string | null;
  /** What to tell while it is an alert. */
  readonly message: () => string;
}

export interface AlertWatchOptions {
  readonly alerts: AlertRaiser;
  readonly readings: (nowMs: number) => Iterable<WatchedReading>;
  readonly repeatMs: () => number;
}

interface Watched {
  readonly alert: AlertName;
  readonly target: string | null;
  readonly condition: AlertCondition;
  raisedAtMs: number;
  /** As of the last reading above the threshold. */
  message: string;
}

export class AlertWatch {
  readonly #options: AlertWatchOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: AlertWatchOptions) {
    this.#options = options;
  }

  tick(nowMs: number): void {
    const seen = new Set<string>();
    for (const reading of this.#options.readings(nowMs)) {
      const key = `${reading.alert} ${reading.target ?? ''}`;
      seen.add(key);
      this.#take(nowMs, key, reading);
    }
    // What is no longer measured (a server that was removed) cannot be an alert.
    for (const [key, { alert, target, condition }] of this.#watched) {
      if (seen.has(key)) continue;
      if (condition.isRaised) this.#options.alerts.clear(alert, target);
      this.#watched.delete(key);
    }
  }

  #take(nowMs: number, key: string, reading: WatchedReading): void {
    const { alerts, repeatMs } = this.#options;
    const { alert, target } = reading;
    let watched = this.#watched.get(key);
    if (watched === undefined) {
      watched = {
        alert,
        target,
        condition: new AlertCondition(),
        raisedAtMs: -Infinity,
        message: '',
      };
      this.#watched.set(key, watched);
    }
    const wasRaised = watched.condition.isRaised;
    const isRaised = watched.condition.update(nowMs, reading);
    if (!isRaised) {
      if (wasRaised) alerts.clear(alert, target);
      return;
    }
    if (wasRaised && nowMs - watched.raisedAtMs < repeatMs()) return;
    watched.raisedAtMs = nowMs;
    // On its way out a level is below its threshold: "21 %, above 80 %" helps nobody.
    if (!wasRaised || reading.value > reading.threshold) watched.message = reading.message();
    alerts.raise(alert, target, watched.message);
  }
}
