/**
 * Every alert there is: how bad it is, and its sentence-sized name for people. Names are fixed, because
 * metrics, dashboards and webhooks of others are built on them; docs/operations.md says what to do about
 * each, by test.
 */

/** `critical`: callers are refused or fail now. `warning`: they soon may, or someone decided wrongly. */
export type AlertSeverity = 'warning' | 'critical';

interface AlertKind {
  readonly severity: AlertSeverity;
  readonly title: string;
}

const warning = (title: string): AlertKind => ({ severity: 'warning', title });
const critical = (title: string): AlertKind => ({ severity: 'critical', title });

const KINDS = {
  'cpu-high': warning('CPU use is high'),
  'memory-high': warning('Memory is short'),
  'response-time-high': warning('Answers are slow'),
  'error-rate-high': critical('Calls fail'),
  'circuit-open': critical('A server is left alone: its circuit is open'),
  'rate-limited': warning('A rate limit refuses calls'),
  'pool-exhausted': critical('No slot is free'),
  'server-down': critical('A server does not start or answer'),
  'process-restarting': critical('A process of the gateway keeps dying'),
  'log-lines-dropped': warning('Log lines are lost'),
  'store-unavailable': critical('The store cannot be reached'),
  'config-reload-failed': warning('The changed configuration is not in force'),
  'tool-definition-changed': warning('A server changed a tool that was approved'),
} as const satisfies Readonly<Record<string, AlertKind>>;

export type AlertName = keyof typeof KINDS;

export const ALERT_KINDS: Readonly<Record<AlertName, AlertKind>> = KINDS;
