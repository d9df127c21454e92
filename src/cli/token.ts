/** `multi-mcp token`: a signed token for a user, for scripts and tests. */
import { printJson, type CliContext } from './context.js';
import { parseSeconds } from './duration.js';
import { IdentityAccess } from './identity-access.js';
import { splitNames, warnOfUnknownServers } from './server-names.js';
import { loadSettings } from './settings.js';

export interface TokenOptions {
  readonly user: string;
  readonly servers?: string;
  readonly expires?: string;
}

export async function token(context: CliContext, options: TokenOptions): Promise<void> {
  const settings = loadSettings(context);
  const servers = splitNames(options.servers);
  const minted = await new IdentityAccess(settings).mintToken({
    user: options.user,
    servers,
    expiresInSeconds: parseSeconds(options.expires ?? '1h', '--expires'),
  });
  await warnOfUnknownServers(context, servers, settings);
  // The bare token, so that TOKEN=$(multi-mcp token --user ana) works.
  if (context.json) printJson(context, minted);
  else context.out(`${minted.token}\n`);
}
