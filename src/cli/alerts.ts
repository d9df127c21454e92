/** `multi-mcp alerts`: what is wrong or was lately, and a test message through every sink. */
import type { AlertsView } from '../admin/operations.js';
import { EXIT } from '../kernel/exit-codes.js';
import { printable } from '../kernel/visible-text.js';
import { askRunningGateway } from './admin-client.js';
import { isAlertsView, isSinkTests } from './alert-replies.js';
import { expect } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { formatSeconds } from './duration.js';
import { loadSettings } from './settings.js';
import { formatTable } from './table.js';

/** Every sink has a deadline of its own. */
const TEST_TIMEOUT_MS = 120_000;
const SHOWN_HISTORY = 20;

export interface AlertsListOptions {
  readonly all?: boolean;
}

export async function alertsList(
  context: CliContext,
  { all = false }: AlertsListOptions,
): Promise<void> {
  const { socketPath } = loadSettings(context);
  const json = await askRunningGateway({
    socketPath,
    method: 'GET',
    path: all ? '/alerts?all=true' : '/alerts',
  });
  const view = expect(isAlertsView, json);
  if (context.json) printJson(context, view);
  else context.out(describe(view, all ? Infinity : SHOWN_HISTORY));
}

export async function alertsTest(context: CliContext): Promise<void> {
  const { socketPath } = loadSettings(context);
  const json = await askRunningGateway({
    socketPath,
    method: 'POST',
    path: '/alerts/test',
    timeoutMs: TEST_TIMEOUT_MS,
  });
  const tests = expect(isSinkTests, json);
  if (context.json) printJson(context, tests);
  for (const { sink, ok, durationMs, detail } of context.json ? [] : tests) {
    const mark = ok ? 'ok  ' : 'FAIL';
    context.out(`${mark} ${sink.padEnd(8)} ${durationMs} ms  ${printable(detail ?? '')}`.trimEnd());
    context.out('\n');
  }
  const failed = tests.filter(({ ok }) => !ok).map(({ sink }) => sink);
  if (failed.length > 0) throw new CliError(EXIT.unavailable, `not told: ${failed.join(', ')}`);
}

function describe({ alerts, history }: AlertsView, shown: number): string {
  const rows = alerts.map((each) => [
    each.isActive ? each.severity : 'over',
    each.alert,
    each.target ?? '-',
    each.durationMs === null ? '-' : formatSeconds(Math.round(each.durationMs / 1000)),
    String(each.suppressed),
    each.cooldownLeftMs === 0 ? '-' : formatSeconds(Math.round(each.cooldownLeftMs / 1000)),
    each.message,
  ]);
  const head = ['STATE', 'ALERT', 'TARGET', 'FOR', 'SUPPRESSED', 'COOLDOWN', 'MESSAGE'];
  const now = rows.length === 0 ? 'no alerts\n' : formatTable(head, rows);
  const last = history
    .slice(0, shown)
    .map(({ at, kind, alert, target, message }) =>
      printable(`${at}  ${kind} ${alert}${target === null ? '' : ` ${target}`}: ${message}`),
    );
  return last.length === 0 ? now : `${now}\nlast messages, newest first\n${last.join('\n')}\n`;
}
