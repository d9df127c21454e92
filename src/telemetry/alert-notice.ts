/** One message about an alert, as sinks, the admin socket and the history have it. JSON-serialisable. */
import type { AlertName, AlertSeverity } from '../policy/alert-kinds.js';

export interface AlertNotice {
  readonly kind: 'alert' | 'recovery' | 'test';
  readonly alert: AlertName | 'test';
  readonly severity: AlertSeverity;
  /** The server, rate limit or process it is about; null = the gateway as a whole. */
  readonly target: string | null;
  /** What is wrong, in one sentence with figures. */
  readonly message: string;
  /** ISO 8601. */
  readonly at: string;
  /** Start of what goes on, or went on. */
  readonly since: string;
  /** Of a recovery: how long it lasted. */
  readonly durationMs: number | null;
  /** Repeats that were not sent since the last message about this. */
  readonly suppressed: number;
  /** Which gateway speaks: the machine's name and the port. */
  readonly gateway: string;
}

/** One line for people: `RECOVERED circuit-open github after 12 s: …`. */
export function noticeText(notice: AlertNotice): string {
  const { kind, alert, target, message, severity, suppressed, gateway } = notice;
  const word = { alert: severity.toUpperCase(), recovery: 'RECOVERED', test: 'TEST' }[kind];
  const after = kind === 'recovery' ? ` after ${seconds(notice.durationMs ?? 0)}` : '';
  const repeats = suppressed === 0 ? '' : ` (suppressed ${suppressed} repeats)`;
  const about = target === null ? '' : ` ${target}`;
  return `${word} ${alert}${about}${after}: ${message}${repeats} [${gateway}]`;
}

function seconds(durationMs: number): string {
  return `${Math.round(durationMs / 1000)} s`;
}
