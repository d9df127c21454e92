/** `multi-mcp restart`: has the workers replaced one after the other, and waits until all are. */
import { setTimeout as pause } from 'node:timers/promises';
import type { RestartState } from '../admin/lifecycle-operations.js';
import { EXIT } from '../kernel/exit-codes.js';
import { askRunningGateway } from './admin-client.js';
import { expect, isRestartState } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { adminSocketPath } from './settings.js';

const POLL_MS = 250;
/** A worker drains for http.drainTimeout at most; after this long the gateway goes on without us. */
const MAX_POLLS = (30 * 60_000) / POLL_MS;

export async function restart(context: CliContext): Promise<void> {
  const socketPath = adminSocketPath(context);
  const ask = async (method: 'GET' | 'POST'): Promise<RestartState> =>
    expect(isRestartState, await askRunningGateway({ socketPath, method, path: '/restart' }));
  let state = await ask('POST');
  for (let polls = 0; state.running !== null && polls < MAX_POLLS; polls += 1) {
    await pause(POLL_MS);
    state = await ask('GET');
  }
  if (context.json) printJson(context, state);
  else context.out(describe(state));
  if (state.last?.ok !== true) {
    throw new CliError(
      EXIT.unavailable,
      'Not every worker was replaced; those that run go on. The log has the reason: multi-mcp logs',
    );
  }
}

function describe({ last }: RestartState): string {
  if (last === null) return '';
  const { replaced, workers, durationMs, tcpMigrateReq } = last;
  const note =
    tcpMigrateReq === false
      ? 'net.ipv4.tcp_migrate_req is 0: clients that were just connecting to a replaced worker may have been\n' +
        'reset. Set it before the next start: sysctl -w net.ipv4.tcp_migrate_req=1\n'
      : '';
  return `${replaced} of ${workers} workers replaced in ${(durationMs / 1000).toFixed(1)} s\n${note}`;
}
