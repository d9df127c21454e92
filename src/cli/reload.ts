/** `multi-mcp reload`: the running gateway reads its configuration again and says what came of it. */
import type { ReloadReport } from '../admin/lifecycle-operations.js';
import { EXIT } from '../kernel/exit-codes.js';
import { askRunningGateway } from './admin-client.js';
import { expect, isReloadReport } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { adminSocketPath } from './settings.js';

const RELOAD_TIMEOUT_MS = 60_000;

export async function reload(context: CliContext): Promise<void> {
  const socketPath = adminSocketPath(context);
  const json = await askRunningGateway({
    socketPath,
    method: 'POST',
    path: '/reload',
    timeoutMs: RELOAD_TIMEOUT_MS,
  });
  const report = expect(isReloadReport, json);
  if (context.json) printJson(context, report);
  else if (report.ok) context.out(describe(report));
  if (!report.ok) {
    throw new CliError(
      EXIT.config,
      `Nothing was changed; version ${report.version} stays in force.\n${report.problems.join('\n')}`,
    );
  }
}

function describe({ version, summary, durationMs }: ReloadReport): string {
  return `version ${version} in force after ${durationMs} ms: ${summary}\n`;
}
