/** `multi-mcp keys create`: makes a key, shows it this once, and how the usual clients are told about it. */
import type { Config } from '../../config/config.js';
import type { CreatedKey } from '../admin/operations.js';
import { describeAccess, limitsIn, rulesIn, type AccessOptions } from './access-options.js';
import { printJson, type CliContext } from './context.js';
import { parseSeconds } from './duration.js';
import { IdentityAccess } from './identity-access.js';
import { splitNames, warnOfUnknownServers } from './server-names.js';
import { runningView } from './running-view.js';
import { loadSettings } from './settings.js';
import { clientSnippets } from '../admin/client-snippets.js';

export interface KeysCreateOptions extends AccessOptions {
  readonly user: string;
  readonly servers?: string;
  readonly expires?: string;
  readonly admin?: boolean;
  readonly label?: string;
}

/** More would scroll the key off the screen. */
const MAX_SNIPPET_SERVERS = 3;

export async function keysCreate(context: CliContext, options: KeysCreateOptions): Promise<void> {
  const settings = loadSettings(context);
  const servers = splitNames(options.servers);
  const { expires } = options;
  const expiresInSeconds = expires === undefined ? null : parseSeconds(expires, '--expires');
  const created = await new IdentityAccess(settings).createKey({
    user: options.user,
    servers,
    tools: rulesIn(options) ?? null,
    limits: limitsIn(options, null) ?? null,
    isAdmin: options.admin ?? false,
    label: options.label ?? '',
    expiresInSeconds,
  });
  await warnOfUnknownServers(context, servers, settings);
  const running = await runningView(settings.socketPath);
  const enabled = running?.servers.filter((server) => server.enabled).map(({ name }) => name);
  const place = {
    url: settings.config.publicUrl ?? running?.url ?? settings.url,
    servers: enabled ?? settings.servers,
  };
  if (context.json) printJson(context, { ...created, url: place.url });
  else context.out(describe(created, place, limitsOfUser(created, settings.config)));
}

/** What holds where the key has no limit of its own. Null: nothing. */
function limitsOfUser(
  { user, limits }: CreatedKey,
  { rate, limits: common }: Pick<Config, 'rate' | 'limits'>,
): string | null {
  const words: string[] = [];
  const perSecond = rate.perUserPerSecond;
  if (limits?.requestsPerSecond == null && perSecond !== null) words.push(`${perSecond}/s`);
  if (limits?.maxConcurrentRequests == null) {
    words.push(`${common.maxConcurrentRequestsPerUser} at once`);
  }
  if (words.length === 0) return null;
  return `Limits of ${user}, over all keys without their own: ${words.join(', ')}.`;
}

interface Place {
  readonly url: string;
  /** Names of all servers that are switched on. */
  readonly servers: readonly string[];
}

function describe(created: CreatedKey, { url, servers }: Place, limits: string | null): string {
  const usable = created.servers ?? servers;
  const shown = usable.slice(0, MAX_SNIPPET_SERVERS);
  const facts = [
    `user ${created.user}`,
    created.servers === null ? 'every server' : `servers ${created.servers.join(', ')}`,
    ...describeAccess(created),
    created.expiresAt === null ? 'never expires' : `expires ${created.expiresAt}`,
    ...(created.isAdmin ? ['admin'] : []),
  ];
  const lines = [
    `API key ${created.id}: ${facts.join(', ')}. It is shown this once:`,
    '',
    `  ${created.key}`,
    '',
    ...(limits === null ? [] : [limits, '']),
  ];
  for (const { client, place, text } of clientSnippets({ url, servers: shown, key: created.key })) {
    lines.push(`── ${client} (${place})`, text, '');
  }
  if (usable.length > shown.length) {
    const others = usable.slice(shown.length).join(', ');
    lines.push(`The same goes for: ${others}`);
  }
  if (usable.length === 0) lines.push('No server is configured yet; put its name for SERVER.');
  lines.push(`Ends with: multi-mcp keys revoke ${created.id}`, '');
  return lines.join('\n');
}
