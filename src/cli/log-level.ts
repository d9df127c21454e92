/** `multi-mcp log-level [LEVEL|reset]`: how much all processes of the running gateway write, from now on. */
import { LOG_LEVELS, type LogLevelView } from '../admin/log-level-input.js';
import { EXIT } from '../kernel/exit-codes.js';
import { askRunningGateway } from './admin-client.js';
import { expect } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { parseSeconds } from './duration.js';
import { loadSettings } from './settings.js';

export interface LogLevelOptions {
  readonly for?: string;
}

export async function logLevel(
  context: CliContext,
  level: string | undefined,
  options: LogLevelOptions,
): Promise<void> {
  const { socketPath } = loadSettings(context);
  const path = '/log-level';
  const json =
    level === undefined
      ? await askRunningGateway({ socketPath, method: 'GET', path })
      : await askRunningGateway({ socketPath, method: 'POST', path, body: body(level, options) });
  const view = expect(isLogLevelView, json);
  if (context.json) printJson(context, view);
  else context.out(describe(view));
}

function body(level: string, options: LogLevelOptions) {
  if (level !== 'reset' && !LOG_LEVELS.some((each) => each === level)) {
    const known = [...LOG_LEVELS, 'reset'].join(', ');
    throw new CliError(EXIT.usage, `the level must be one of ${known}, is "${level}"`);
  }
  const forSeconds = options.for === undefined ? null : parseSeconds(options.for, '--for');
  return { level: level === 'reset' ? null : level, forSeconds };
}

function describe({ level, configured, resetsAt }: LogLevelView): string {
  const until = resetsAt === null ? '' : ` until ${resetsAt}`;
  return level === configured ? `${level}\n` : `${level}${until} (configured: ${configured})\n`;
}

function isLogLevelView(value: unknown): value is LogLevelView {
  return (
    typeof value === 'object' &&
    value !== null &&
    'level' in value &&
    typeof value.level === 'string' &&
    'configured' in value &&
    typeof value.configured === 'string' &&
    'resetsAt' in value &&
    (value.resetsAt === null || typeof value.resetsAt === 'string')
  );
}
