/**
 * `multi-mcp doctor`: looks at everything that a start and a day's work need, and names the fix for what it finds.
 * Works beside a running gateway and without one; changes nothing.
 */
import { styleText } from 'node:util';
import { inspectConfig } from '../../config/load.js';
import { ConfigError } from '../../config/problem.js';
import { join } from 'node:path';
import { printable } from '../kernel/visible-text.js';
import { askGateway, askRunningGateway } from './admin-client.js';
import { expect, isStatusView } from './admin-replies.js';
import { printJson, type CliContext } from './context.js';
import { examineAll, type Patient, type RunningGateway } from './doctor/check.js';
import { CHECKS } from './doctor/checks.js';
import { asFailure } from './doctor/configuration.js';
import { exitCodeFor, type Finding, type Severity } from './doctor/finding.js';
import { CliError } from './cli-error.js';
import { EXIT } from '../kernel/exit-codes.js';

export interface DoctorOptions {
  /** Where clients reach the gateway, to be looked at from outside. */
  readonly url?: string;
  readonly isColored?: boolean;
}

const ADMIN_TIMEOUT_MS = 125_000;

/** Resolves with the exit code: that of the gravest error, or 0. Rejects with CliError for a wrong --url. */
export async function doctor(context: CliContext, options: DoctorOptions): Promise<number> {
  const publicUrl = options.url === undefined ? null : parseUrl(options.url);
  const { inspection, unreadable } = inspect(context);
  const gateway =
    inspection === null ? null : await findGateway(join(inspection.config.dataDir, 'admin.sock'));
  const findings = [
    ...unreadable,
    ...(await examineAll(CHECKS, { inspection, gateway, publicUrl })),
  ];
  const exitCode = exitCodeFor(findings);
  if (context.json) printJson(context, { ok: exitCode === 0, exitCode, findings });
  else context.out(describe(findings, options.isColored ?? false));
  return exitCode;
}

function inspect(context: CliContext): Pick<Patient, 'inspection'> & { unreadable: Finding[] } {
  try {
    return { inspection: inspectConfig({ path: context.configPath }), unreadable: [] };
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    const unreadable = thrown.problems.map((problem) => asFailure(problem, EXIT.config));
    return { inspection: null, unreadable };
  }
}

/** A gateway that does not answer as one is none: the port check names who is there. */
async function findGateway(socketPath: string): Promise<RunningGateway | null> {
  try {
    const answer = await askGateway({ socketPath, method: 'GET', path: '/status' });
    if (answer === null) return null;
    const { pid, url } = expect(isStatusView, answer.json);
    return {
      pid,
      url,
      ask: (method, path, body) =>
        askRunningGateway({ socketPath, method, path, body, timeoutMs: ADMIN_TIMEOUT_MS }),
    };
  } catch (thrown) {
    if (thrown instanceof CliError) return null;
    throw thrown;
  }
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new CliError(EXIT.usage, `--url must be such as https://mcp.example.com, is "${text}"`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

const MARKS: Readonly<
  Record<Severity, { readonly text: string; readonly color: 'green' | 'cyan' | 'yellow' | 'red' }>
> = {
  ok: { text: 'ok     ', color: 'green' },
  note: { text: 'note   ', color: 'cyan' },
  warning: { text: 'warning', color: 'yellow' },
  error: { text: 'ERROR  ', color: 'red' },
};

function describe(findings: readonly Finding[], isColored: boolean): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, severity, message, fix }) => {
    const { text, color } = MARKS[severity];
    const mark = isColored ? styleText(color, text, { validateStream: false }) : text;
    const indent = ' '.repeat(9 + width);
    return [
      `${mark}  ${check.padEnd(width)}  ${printable(message)}`,
      ...(fix === null || severity === 'ok' ? [] : [`${indent}  fix: ${printable(fix)}`]),
    ];
  });
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const verdict =
    errors + warnings === 0
      ? 'nothing to repair'
      : `${errors} error${errors === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}`;
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
