/** `multi-mcp status`: how the running gateway is, on one screen. */
import type { StatusView } from '../admin/operations.js';
import { printable } from '../kernel/visible-text.js';
import { askRunningGateway } from './admin-client.js';
import { expect, isStatusView } from './admin-replies.js';
import { printJson, type CliContext } from './context.js';
import { formatSeconds } from './duration.js';
import { serverTable } from './servers-list.js';
import { loadSettings } from './settings.js';

export async function status(context: CliContext): Promise<void> {
  const { socketPath } = loadSettings(context);
  const json = await askRunningGateway({ socketPath, method: 'GET', path: '/status' });
  if (context.json) printJson(context, json);
  else context.out(describe(expect(isStatusView, json)));
}

function describe(view: StatusView): string {
  const up = formatSeconds(view.uptimeSeconds);
  return [
    `${view.status}, up ${up}: Multi-MCP Server ${view.version}, pid ${view.pid}, ${view.workers} workers`,
    `url    ${view.url}`,
    `store  ${view.store}`,
    ...(view.machines ?? []).map((machine) => `machine  ${printable(machine)}`),
    ...view.alerts.map((alert) => `alert  ${printable(alert)}`),
    ...formerKeyLines(view),
    '',
    serverTable(view.servers),
  ].join('\n');
}

/** While the master key is rotated. */
function formerKeyLines({ onFormerMasterKey: former }: StatusView): readonly string[] {
  if (former === null || former === undefined) return [];
  const { apiKeys, credentials, servers } = former;
  const counts = `${apiKeys} API keys, ${credentials} credentials, ${servers} servers`;
  const isDone = apiKeys + credentials + servers === 0;
  const verdict = isDone ? 'it may go' : 'keep it (docs/access.md)';
  return [`former master key  ${counts} still need it: ${verdict}`];
}
