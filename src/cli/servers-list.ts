/** `multi-mcp servers list`: as the running gateway sees them; without one, as they are configured. */
import type { ServerView } from '../admin/operations.js';
import { askGateway } from './admin-client.js';
import { expect, isServerView, listOf } from './admin-replies.js';
import { printJson, type CliContext } from './context.js';
import { loadSettings, type CliSettings } from './settings.js';
import { formatTable } from './table.js';

export async function serversList(context: CliContext): Promise<void> {
  const settings = loadSettings(context);
  const { socketPath } = settings;
  const answer = await askGateway({ socketPath, method: 'GET', path: '/servers' });
  const servers =
    answer === null ? asConfigured(settings) : expect(listOf(isServerView), answer.json);
  if (context.json) {
    printJson(context, servers);
    return;
  }
  context.out(serverTable(servers));
  if (answer === null) {
    context.err('No gateway runs; this is the configuration, without servers added at run time.\n');
  }
}

export function serverTable(servers: readonly ServerView[]): string {
  if (servers.length === 0) return 'No servers are configured.\n';
  return formatTable(
    ['SERVER', 'FROM', 'KIND', 'STATE', 'DETAIL'],
    servers.map(({ name, kind, state, detail, origin }) => {
      return [name, origin ?? 'file', kind, state, detail ?? ''];
    }),
  );
}

function asConfigured(settings: CliSettings): readonly ServerView[] {
  return Object.values(settings.checkedConfig().servers).map(({ name, enabled, source }) => ({
    name,
    enabled,
    kind: source.kind,
    state: enabled ? 'unknown' : 'disabled',
    detail: null,
  }));
}
