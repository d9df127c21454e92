/** `multi-mcp grants set|list|remove`: what single users may do on single servers, on all workers at once. */
import { EXIT } from '../kernel/exit-codes.js';
import type { Grant } from '../store/grants.js';
import { describeAccess, limitsIn, rulesIn, type AccessOptions } from './access-options.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { IdentityAccess } from './identity-access.js';
import { warnOfUnknownServers } from './server-names.js';
import { loadSettings } from './settings.js';
import { formatTable } from './table.js';

export interface GrantsSetOptions extends AccessOptions {
  /** Refuses the server instead. */
  readonly deny?: boolean;
}

/** As many as anyone reads; a guard against a list that never ends. */
const MAX_PAGES = 100;

/** What is not given is not kept from the grant before: each one is said whole. */
export async function grantsSet(
  context: CliContext,
  binding: { readonly user: string; readonly server: string },
  options: GrantsSetOptions,
): Promise<void> {
  const settings = loadSettings(context);
  const grant = await new IdentityAccess(settings).setGrant({
    ...binding,
    effect: options.deny === true ? 'deny' : 'allow',
    tools: rulesIn(options) ?? null,
    limits: limitsIn(options, null) ?? null,
  });
  if (grant.server !== '*') await warnOfUnknownServers(context, [grant.server], settings);
  if (context.json) printJson(context, grant);
  else context.out(`${grant.user} on ${grant.server}: ${describe(grant)}.\n`);
}

export async function grantsList(
  context: CliContext,
  options: { readonly user?: string },
): Promise<void> {
  const access = new IdentityAccess(loadSettings(context));
  const { user } = options;
  const grants = user === undefined ? await everyGrant(access) : await access.listGrants({ user });
  if (context.json) {
    printJson(context, grants);
    return;
  }
  if (grants.length === 0) {
    context.out('No grants: credentials alone decide. See: multi-mcp grants set --help\n');
    return;
  }
  const rows = grants.map((grant) => [
    grant.user,
    grant.server,
    describe(grant),
    grant.updatedAt.slice(0, 10),
  ]);
  context.out(formatTable(['USER', 'SERVER', 'GRANT', 'SINCE'], rows));
}

export async function grantsRemove(
  context: CliContext,
  binding: { readonly user: string; readonly server: string },
): Promise<void> {
  const { user, server } = binding;
  const removed = await new IdentityAccess(loadSettings(context)).removeGrant(binding);
  if (!removed) {
    throw new CliError(
      EXIT.usage,
      `${user} has no grant for ${server}. See: multi-mcp grants list`,
    );
  }
  if (context.json) printJson(context, { ...binding, removed });
  else context.out(`The grant of ${user} for ${server} is removed.\n`);
}

async function everyGrant(access: IdentityAccess): Promise<readonly Grant[]> {
  const grants: Grant[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const next = await access.listGrants({ after: grants.at(-1) });
    grants.push(...next);
    if (next.length < 1000) break;
  }
  return grants;
}

function describe(grant: Grant): string {
  return [grant.effect === 'deny' ? 'refused' : 'allowed', ...describeAccess(grant)].join(', ');
}
