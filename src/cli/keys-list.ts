/** `multi-mcp keys list`: who has keys, without the keys. */
import type { KeyView } from '../admin/operations.js';
import { wallDate } from '../kernel/clock.js';
import { describeAccess } from './access-options.js';
import { printJson, type CliContext } from './context.js';
import { IdentityAccess } from './identity-access.js';
import { loadSettings } from './settings.js';
import { formatTable } from './table.js';

export interface KeysListOptions {
  /** Revoked and expired ones too. */
  readonly all?: boolean;
}

/** As many as anyone reads; a guard against a list that never ends. */
const MAX_PAGES = 100;

export async function keysList(context: CliContext, options: KeysListOptions): Promise<void> {
  const keys = await everyKey(new IdentityAccess(loadSettings(context)));
  const shown = options.all === true ? keys : keys.filter((key) => stateOf(key) === 'active');
  if (context.json) {
    printJson(context, shown);
    return;
  }
  if (shown.length > 0) {
    context.out(
      formatTable(
        ['ID', 'USER', 'SERVERS', 'LIMITS', 'STATE', 'CREATED', 'LAST USED', 'USES', 'LABEL'],
        shown.map(row),
      ),
    );
  } else context.out('No keys. Make one with: multi-mcp keys create --user NAME\n');
  const hidden = keys.length - shown.length;
  if (hidden > 0) context.err(`${hidden} revoked or expired; see them with --all\n`);
}

export async function everyKey(access: IdentityAccess): Promise<readonly KeyView[]> {
  const keys: KeyView[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const next = await access.listKeys(keys.at(-1)?.id);
    keys.push(...next);
    if (next.length < 1000) break;
  }
  return keys;
}

function row(key: KeyView): readonly string[] {
  const servers = key.servers === null ? 'all' : key.servers.join(',');
  const user = key.isAdmin ? `${key.user} (admin)` : key.user;
  return [
    key.id,
    user,
    servers,
    describeAccess(key).join('; ') || '-',
    key.isOnFormerMasterKey === true ? `${stateOf(key)}, former master key` : stateOf(key),
    key.createdAt.slice(0, 10),
    key.lastUsedAt?.slice(0, 16) ?? 'never',
    String(key.useCount),
    key.label,
  ];
}

function stateOf(key: KeyView): 'active' | 'revoked' | 'expired' {
  if (key.revokedAt !== null) return 'revoked';
  const isOver = key.expiresAt !== null && new Date(key.expiresAt) <= wallDate();
  return isOver ? 'expired' : 'active';
}
