/** `multi-mcp keys update`: changes what a key may do; the key itself stays, and so do its clients. */
import type { KeyView, UpdateKeyInput } from '../admin/operations.js';
import { EXIT } from '../kernel/exit-codes.js';
import { describeAccess, limitsIn, rulesIn, type AccessOptions } from './access-options.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { parseSeconds } from './duration.js';
import { IdentityAccess } from './identity-access.js';
import { everyKey } from './keys-list.js';
import { keyIdOf } from './keys-revoke.js';
import { splitNames, warnOfUnknownServers } from './server-names.js';
import { loadSettings } from './settings.js';

export interface KeysUpdateOptions extends AccessOptions {
  /** Names, or `all`. */
  readonly servers?: string;
  /** A duration from now, or `never`. */
  readonly expires?: string;
  readonly label?: string;
}

export async function keysUpdate(
  context: CliContext,
  given: string,
  options: KeysUpdateOptions,
): Promise<void> {
  const id = keyIdOf(given);
  const settings = loadSettings(context);
  const access = new IdentityAccess(settings);
  // One limit may be given without the other, which then stays; so the present ones are needed.
  const present = (await everyKey(access)).find((key) => key.id === id);
  const change = changeIn(options, present);
  const key = present === undefined ? null : await access.updateKey(id, change);
  if (key === null) {
    throw new CliError(EXIT.usage, `There is no active key ${id}. See: multi-mcp keys list --all`);
  }
  await warnOfUnknownServers(context, change.servers ?? null, settings);
  if (context.json) printJson(context, key);
  else context.out(`Key ${id} of ${key.user}: ${describe(key)}.\n`);
}

function changeIn(options: KeysUpdateOptions, present: KeyView | undefined): UpdateKeyInput {
  const { servers, expires, label } = options;
  const tools = rulesIn(options, present?.tools);
  const limits = limitsIn(options, present?.limits ?? null);
  const change: UpdateKeyInput = {
    ...(servers !== undefined && { servers: servers === 'all' ? null : splitNames(servers) }),
    ...(tools !== undefined && { tools }),
    ...(limits !== undefined && { limits }),
    ...(label !== undefined && { label }),
    ...(expires !== undefined && {
      expiresInSeconds: expires === 'never' ? null : parseSeconds(expires, '--expires'),
    }),
  };
  if (Object.keys(change).length > 0) return change;
  throw new CliError(EXIT.usage, 'There is nothing to change. See: multi-mcp keys update --help');
}

function describe(key: KeyView): string {
  return [
    key.servers === null ? 'every server' : `servers ${key.servers.join(', ')}`,
    ...describeAccess(key),
    key.expiresAt === null ? 'never expires' : `expires ${key.expiresAt}`,
  ].join(', ');
}
