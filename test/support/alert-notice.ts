/** An alert as sinks get it. */
import type { AlertNotice } from '../../src/telemetry/alert-notice.js';

export function alertNotice(change: Partial<AlertNotice> = {}): AlertNotice {
  return {
    kind: 'alert',
    alert: 'circuit-open',
    severity: 'critical',
    target: 'github',
    message: '60 % failed.',
    at: '2026-11-21T10:00:00.000Z',
    since: '2026-11-21T10:00:00.000Z',
    durationMs: null,
    suppressed: 0,
    gateway: 'box:8080',
    ...change,
  };
}
