/** `multi-mcp servers approve`: accepts tools that their server changed, as they are now. */
import { EXIT } from '../kernel/exit-codes.js';
import { askRunningGateway } from './admin-client.js';
import { expect } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { loadSettings } from './settings.js';

export async function serversApprove(
  context: CliContext,
  server: string,
  tool: string | undefined,
): Promise<void> {
  const { socketPath } = loadSettings(context);
  const path = `/servers/${encodeURIComponent(server)}/approve`;
  const body = tool === undefined ? {} : { tool };
  const json = await askRunningGateway({ socketPath, method: 'POST', path, body });
  const { approved } = expect(isApproval, json);
  if (approved.length === 0) {
    const what = tool === undefined ? `No tool of ${server}` : `The tool ${tool} of ${server}`;
    throw new CliError(EXIT.usage, `${what} waits for approval.`);
  }
  if (context.json) printJson(context, { server, approved });
  else context.out(`Approved for ${server}: ${approved.join(', ')}.\n`);
}

function isApproval(value: unknown): value is { readonly approved: readonly string[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'approved' in value &&
    Array.isArray(value.approved)
  );
}
