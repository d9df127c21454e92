/** `multi-mcp servers restart NAME`: its children or module end, and it begins anew. */
import { EXIT } from '../kernel/exit-codes.js';
import { askRunningGateway } from './admin-client.js';
import { expect, isServerRestart } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { adminSocketPath } from './settings.js';

export async function serversRestart(context: CliContext, name: string): Promise<void> {
  const json = await askRunningGateway({
    socketPath: adminSocketPath(context),
    method: 'POST',
    path: `/servers/${encodeURIComponent(name)}/restart`,
  });
  const answer = expect(isServerRestart, json);
  if (!answer.restarted) {
    throw new CliError(
      EXIT.usage,
      `${name} is reached by HTTP: it runs elsewhere and has nothing to be restarted here.`,
    );
  }
  if (context.json) printJson(context, { server: name, ...answer });
  else context.out(`${name} begins anew; its sessions have ended\n`);
}
