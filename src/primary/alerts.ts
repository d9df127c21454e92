/**
 * The alerts of the gateway: who finds that something is wrong raises it here, again and again if need be,
 * and clears it when it is over. What is told, to whom, and what is only counted is decided here: one
 * message per cause and target within the cooldown, one when it is over (policy/alert-cooldown.ts). The
 * log always gets it. The last ones are kept for `/health`, the dashboard and `multi-mcp alerts list`.
 */
import { hostname } from 'node:os';
import type { AlertsView, AlertView } from '../admin/operations.js';
import { monotonicMs, wallDate } from '../kernel/clock.js';
import { AlertCooldown, defaultAlertCooldown } from '../policy/alert-cooldown.js';
import { ALERT_KINDS, type AlertName } from '../policy/alert-kinds.js';
import { testSink, type SinkTest } from '../telemetry/alert-delivery.js';
import { noticeText, type AlertNotice } from '../telemetry/alert-notice.js';
import type { AlertSinks } from './alert-sinks.js';

/** What those who watch something need. `target`: a server, a limit, a process; null = the gateway. */
export interface AlertRaiser {
  /** The condition holds. `message`: one sentence with figures, no secrets. */
  raise(alert: AlertName, target: string | null, message: string): void;
  /** It is over. No effect when it was not raised. */
  clear(alert: AlertName, target: string | null): void;
}

export interface AlertsOptions {
  readonly cooldownMs: number;
  /** Besides the log; the caller closes them. */
  readonly sinks: Pick<AlertSinks, 'send' | 'sinks'>;
  /** Keeps it for after a restart. */
  readonly record: (notice: AlertNotice) => void;
  readonly log: Readonly<Record<'info' | 'warn' | 'error', (facts: object, text: string) => void>>;
  readonly port: number;
  /** Default: the monotonic clock. */
  readonly nowMs?: () => number;
}

export interface AlertTotals {
  /** Messages about it, recoveries apart. */
  told: number;
  suppressed: number;
}

interface Kept {
  readonly alert: AlertName;
  readonly target: string | null;
  readonly message: string;
  /** Start of the present episode, or of the last one. */
  readonly since: string;
  readonly isActive: boolean;
}

/** Chosen: days of a bad week, and a list one can still read. */
const MAX_HISTORY = 200;

export class Alerts implements AlertRaiser {
  readonly #options: AlertsOptions;
  readonly #cooldown: AlertCooldown;
  /** By cause; bounded as the cooldown is. */
  readonly #kept = new Map<string, Kept>();
  readonly #totals = new Map<AlertName, AlertTotals>();
  #history: AlertNotice[] = [];

  constructor(options: AlertsOptions) {
    this.#options = options;
    this.#cooldown = new AlertCooldown({ ...defaultAlertCooldown, cooldownMs: options.cooldownMs });
  }

  raise(alert: AlertName, target: string | null, message: string): void {
    const cause = causeOf(alert, target);
    const nowMs = this.#nowMs();
    const decision = this.#cooldown.raise(nowMs, cause);
    const before = this.#kept.get(cause);
    const since = before?.isActive === true ? before.since : instant();
    this.#keep(cause, { alert, target, message, since, isActive: true });
    const totals = this.#totalsOf(alert);
    if (!decision.tell) {
      totals.suppressed += 1;
      return;
    }
    totals.told += 1;
    const { suppressed } = decision;
    this.#tell('alert', { alert, target, message, since, durationMs: null, suppressed });
  }

  clear(alert: AlertName, target: string | null): void {
    const cause = causeOf(alert, target);
    const recovery = this.#cooldown.clear(this.#nowMs(), cause);
    const kept = this.#kept.get(cause);
    if (kept === undefined) return;
    this.#kept.set(cause, { ...kept, isActive: false });
    if (recovery === undefined) return;
    // Read by itself, as in a chat, the alert's own sentence would say that it holds.
    const message = `It is over. It was: ${kept.message}`;
    this.#tell('recovery', { ...kept, ...recovery, message });
  }

  /** Puts messages of a former run, oldest first, before its own. */
  remember(notices: readonly AlertNotice[]): void {
    const own = new Set(this.#history.map(keyOf));
    const former = notices.filter((notice) => !own.has(keyOf(notice)));
    this.#history = [...former, ...this.#history].slice(-MAX_HISTORY);
  }

  /** Causes that hold or are in their cooldown, and the last messages, newest first. */
  view(): AlertsView {
    return { alerts: this.#views(), history: this.#history.toReversed() };
  }

  /** Those that hold now. */
  active(): readonly AlertView[] {
    return this.#views().filter(({ isActive }) => isActive);
  }

  totals(): ReadonlyMap<AlertName, AlertTotals> {
    return this.#totals;
  }

  /** From now on; what is an alert stays one, and its cooldown began when it was told. */
  setCooldown(cooldownMs: number): void {
    this.#cooldown.setCooldown(cooldownMs);
  }

  /** Sends one test message through every sink, past queue and cooldown. Never rejects. */
  async test(): Promise<readonly SinkTest[]> {
    const notice: AlertNotice = {
      kind: 'test',
      alert: 'test',
      severity: 'warning',
      target: null,
      message: 'This is a test. Nothing is wrong.',
      at: instant(),
      since: instant(),
      durationMs: null,
      suppressed: 0,
      gateway: this.#gateway(),
    };
    this.#options.log.warn({ alert: notice }, noticeText(notice));
    const log: SinkTest = { sink: 'log', ok: true, durationMs: 0, detail: null };
    const tests = this.#options.sinks.sinks.map((sink) => testSink(sink, notice));
    return [log, ...(await Promise.all(tests))];
  }

  #tell(
    kind: 'alert' | 'recovery',
    what: Pick<AlertNotice, 'target' | 'message' | 'since' | 'durationMs' | 'suppressed'> & {
      readonly alert: AlertName;
    },
  ): void {
    const { severity } = ALERT_KINDS[what.alert];
    const { alert, target, message, since, durationMs, suppressed } = what;
    const notice: AlertNotice = {
      ...{ kind, alert, severity, target, message, at: instant(), since },
      ...{ durationMs, suppressed, gateway: this.#gateway() },
    };
    this.#history = [...this.#history.slice(1 - MAX_HISTORY), notice];
    const level = kind === 'recovery' ? 'info' : severity === 'critical' ? 'error' : 'warn';
    this.#options.log[level]({ alert: notice }, noticeText(notice));
    this.#options.sinks.send(notice);
    this.#options.record(notice);
  }

  #views(): readonly AlertView[] {
    const views: AlertView[] = [];
    const nowMs = this.#nowMs();
    for (const { cause, activeForMs, suppressed, cooldownLeftMs } of this.#cooldown.causes(nowMs)) {
      const kept = this.#kept.get(cause);
      if (kept === undefined) continue;
      const { alert, target, message, since } = kept;
      const { severity, title } = ALERT_KINDS[alert];
      const look = ALERT_KINDS[alert].look.replace('TARGET', target ?? 'NAME');
      views.push({
        ...{ alert, severity, title, target, message, look, since },
        isActive: activeForMs !== null,
        durationMs: activeForMs === null ? null : Math.round(activeForMs),
        suppressed,
        cooldownLeftMs: Math.round(cooldownLeftMs),
      });
    }
    return views;
  }

  #keep(cause: string, kept: Kept): void {
    const [oldest] = this.#kept.keys();
    const isFull = this.#kept.size >= defaultAlertCooldown.maxCauses && !this.#kept.has(cause);
    if (isFull && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(cause, kept);
  }

  #totalsOf(alert: AlertName): AlertTotals {
    let totals = this.#totals.get(alert);
    if (totals === undefined) {
      totals = { told: 0, suppressed: 0 };
      this.#totals.set(alert, totals);
    }
    return totals;
  }

  #gateway(): string {
    return `${hostname()}:${this.#options.port}`;
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? monotonicMs();
  }
}

function causeOf(alert: AlertName, target: string | null): string {
  return target === null ? alert : `${alert} ${target}`;
}

function keyOf({ at, kind, alert, target }: AlertNotice): string {
  return `${at} ${kind} ${alert} ${target ?? ''}`;
}

function instant(): string {
  return wallDate().toISOString();
}
