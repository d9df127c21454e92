/** `multi-mcp servers enable|disable NAME`: in and out of service, kept over restarts and reloads. */
import { askRunningGateway } from './admin-client.js';
import { expect, isServerSwitch } from './admin-replies.js';
import { printJson, type CliContext } from './context.js';
import { adminSocketPath } from './settings.js';

export async function serversSwitch(
  context: CliContext,
  name: string,
  enabled: boolean,
): Promise<void> {
  const json = await askRunningGateway({
    socketPath: adminSocketPath(context),
    method: 'PATCH',
    path: `/servers/${encodeURIComponent(name)}`,
    body: { enabled },
  });
  const { changed } = expect(isServerSwitch, json);
  const word = enabled ? 'enabled' : 'disabled';
  if (context.json) printJson(context, { server: name, enabled, changed });
  else context.out(changed ? `${name} is ${word}\n` : `${name} was ${word} already\n`);
}
