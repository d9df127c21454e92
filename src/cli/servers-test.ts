/** `multi-mcp servers test NAME`: the gateway calls the server as a client would, step by step. */
import type { ServerTestReport } from '../admin/operations.js';
import { EXIT } from '../kernel/exit-codes.js';
import { printable } from '../kernel/visible-text.js';
import { askRunningGateway } from './admin-client.js';
import { expect, isTestReport } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { loadSettings } from './settings.js';

/** Slow servers download themselves when they are first started. */
const TEST_TIMEOUT_MS = 120_000;

export async function serversTest(context: CliContext, name: string): Promise<void> {
  const { socketPath } = loadSettings(context);
  const json = await askRunningGateway({
    socketPath,
    method: 'POST',
    path: `/servers/${encodeURIComponent(name)}/test`,
    timeoutMs: TEST_TIMEOUT_MS,
  });
  const report = expect(isTestReport, json);
  if (context.json) printJson(context, report);
  else context.out(describe(report));
  if (!report.ok) throw new CliError(EXIT.unavailable, `${report.server} does not work.`);
}

function describe({ server, state, steps, advice }: ServerTestReport): string {
  const lines = steps
    .map(({ step, ok, durationMs, detail }) => {
      const mark = ok ? 'ok  ' : 'FAIL';
      const [first = '', ...more] = (detail ?? '').split('\n').map(printable);
      const head = `${mark} ${step.padEnd(12)} ${durationMs.toFixed(1).padStart(9)} ms  ${first}`;
      return [head.trimEnd(), ...more.map((line) => `       ${line}`)].join('\n');
    })
    .map((text) => `${text}\n`)
    .join('');
  const hint = advice === null ? '' : `${printable(advice)}\n`;
  return `${server}: ${printable(state)}\n${lines}${hint}`;
}
