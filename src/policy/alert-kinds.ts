/**
 * Every alert there is: how bad it is, its sentence-sized name for people, and where to look first. Names are
 * fixed, because metrics, dashboards and webhooks of others are built on them; docs/operations.md says what to
 * do about each, by test.
 */

/** `critical`: callers are refused or fail now. `warning`: they soon may, or someone decided wrongly. */
export type AlertSeverity = 'warning' | 'critical';

interface AlertKind {
  readonly severity: AlertSeverity;
  readonly title: string;
  /** The command to look closer with; TARGET stands for what the alert is about. */
  readonly look: string;
}

const warning = (title: string, look: string): AlertKind => ({ severity: 'warning', title, look });
const critical = (title: string, look: string): AlertKind => ({
  severity: 'critical',
  title,
  look,
});

const KINDS = {
  'cpu-high': warning('CPU use is high', 'top'),
  'memory-high': warning('Memory is short', 'top'),
  'disk-space-low': warning('A disk is nearly full', 'multi-mcp doctor'),
  'response-time-high': warning('Answers are slow', 'multi-mcp logs --requests --server TARGET'),
  'error-rate-high': critical(
    'Calls fail',
    'multi-mcp logs --requests --server TARGET --status 5xx',
  ),
  'circuit-open': critical(
    'A server is left alone: its circuit is open',
    'multi-mcp servers test TARGET',
  ),
  'rate-limited': warning('A rate limit refuses calls', 'multi-mcp logs --requests --status 429'),
  'pool-exhausted': critical('No slot is free', 'multi-mcp logs --requests --status 503'),
  'server-down': critical('A server does not start or answer', 'multi-mcp servers test TARGET'),
  'process-restarting': critical(
    'A process of the gateway keeps dying',
    'multi-mcp logs --level warn',
  ),
  'log-lines-dropped': warning('Log lines are lost', 'multi-mcp doctor'),
  'store-unavailable': critical('The store cannot be reached', 'multi-mcp doctor'),
  'config-reload-failed': warning(
    'The changed configuration is not in force',
    'multi-mcp validate',
  ),
  'tool-definition-changed': warning(
    'A server changed a tool that was approved',
    'multi-mcp servers approve TARGET',
  ),
} as const satisfies Readonly<Record<string, AlertKind>>;

export type AlertName = keyof typeof KINDS;

export const ALERT_KINDS: Readonly<Record<AlertName, AlertKind>> = KINDS;
