/** `multi-mcp audit list`: who changed what, newest first. */
import { EXIT } from '../kernel/exit-codes.js';
import { printable } from '../kernel/visible-text.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { IdentityAccess } from './identity-access.js';
import { loadSettings } from './settings.js';
import { formatTable } from './table.js';

const DEFAULT_LINES = 50;

export async function auditList(
  context: CliContext,
  options: { readonly lines?: string },
): Promise<void> {
  const limit = options.lines === undefined ? DEFAULT_LINES : Number(options.lines);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) {
    throw new CliError(EXIT.usage, '--lines must be a whole number from 1 to 1000');
  }
  const entries = await new IdentityAccess(loadSettings(context)).listAudit(limit);
  if (context.json) {
    printJson(context, entries);
    return;
  }
  if (entries.length === 0) {
    context.out('Nothing was changed yet.\n');
    return;
  }
  const rows = entries.map(({ at, actor, action, target, detail }) => [
    at.slice(0, 19),
    actor,
    action,
    target,
    printable(JSON.stringify(detail)),
  ]);
  context.out(formatTable(['AT (UTC)', 'WHO', 'WHAT', 'TO', 'DETAIL'], rows));
}
