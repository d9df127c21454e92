/** `multi-mcp servers remove NAME`: takes away what `servers add` added. */
import { askRunningGateway } from './admin-client.js';
import { expect, isRemoval } from './admin-replies.js';
import { printJson, type CliContext } from './context.js';
import { adminSocketPath } from './settings.js';

export async function serversRemove(context: CliContext, name: string): Promise<void> {
  const json = await askRunningGateway({
    socketPath: adminSocketPath(context),
    method: 'DELETE',
    path: `/servers/${encodeURIComponent(name)}`,
  });
  const answer = expect(isRemoval, json);
  if (context.json) printJson(context, { server: name, ...answer });
  else context.out(`${name} is removed\n`);
}
