/** `multi-mcp keys revoke`: ends a key, everywhere at once when the gateway runs. */
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { IdentityAccess } from './identity-access.js';
import { loadSettings } from './settings.js';

const ID_CHARS = 12;

/** `given`: the id, or the whole key when that is what is at hand. */
export function keyIdOf(given: string): string {
  return given.startsWith('mmcp_') ? given.slice(5, 5 + ID_CHARS) : given;
}

export async function keysRevoke(context: CliContext, given: string): Promise<void> {
  const id = keyIdOf(given);
  const revoked = await new IdentityAccess(loadSettings(context)).revokeKey(id);
  if (!revoked) {
    throw new CliError(EXIT.usage, `There is no active key ${id}. See: multi-mcp keys list --all`);
  }
  if (context.json) printJson(context, { id, revoked });
  else context.out(`Key ${id} is revoked.\n`);
}
