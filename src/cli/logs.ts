/** `multi-mcp logs`: the gateway's log, or its request log, one JSON object a line as it is in the file. */
import { join } from 'node:path';
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { loadSettings } from './settings.js';
import { tailFile } from './tail-file.js';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly requests?: boolean;
  readonly lines?: string;
}

const DEFAULT_LINES = '50';

/** `until`: ends following; the process's own end by Ctrl-C otherwise. */
export async function logs(
  context: CliContext,
  options: LogsOptions,
  until: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { logDir } = loadSettings(context).config;
  const name = options.requests === true ? 'requests.log' : 'multi-mcp-production.log';
  const lines = options.lines ?? DEFAULT_LINES;
  if (!/^\d{1,6}$/.test(lines)) {
    throw new CliError(EXIT.usage, `--lines must be a number, is "${lines}"`);
  }
  const path = join(logDir, name);
  try {
    await tailFile({
      path,
      lines: Number(lines),
      write: context.out,
      ...(options.follow === true ? { follow: until } : {}),
    });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    throw new CliError(EXIT.unavailable, `${path} does not exist; did the gateway ever run here?`, {
      cause,
    });
  }
}
