/**
 * `multi-mcp logs`: the gateway's log, or its request log: as in the file, one JSON object a line, where a
 * program reads or `--json` is given, else as text; only the lines that the options ask for.
 */
import { join } from 'node:path';
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { readLogArchives } from './log-archives.js';
import { logFilter, parseSince, wantsRequests, type LogFilterOptions } from './log-filter.js';
import { LogSelection } from './log-selection.js';
import { logText } from './log-text.js';
import { loadSettings } from './settings.js';
import { tailFile } from './tail-file.js';

export interface LogsOptions extends LogFilterOptions {
  readonly follow?: boolean;
  readonly requests?: boolean;
  readonly lines?: string;
}

export interface LogsReader {
  /** Somebody reads at a terminal. */
  readonly isTerminal?: boolean;
  /** Ends following; the process's own end by Ctrl-C otherwise. */
  readonly until?: AbortSignal;
}

const DEFAULT_LINES = '50';

export async function logs(
  context: CliContext,
  options: LogsOptions,
  { isTerminal = false, until = new AbortController().signal }: LogsReader = {},
): Promise<void> {
  const { logDir } = loadSettings(context).config;
  const filter = logFilter(options);
  const isRequests = options.requests === true || wantsRequests(options);
  const name = isRequests ? 'requests.log' : 'multi-mcp-production.log';
  const since = options.since === undefined ? null : parseSince(options.since);
  const lines = options.lines ?? DEFAULT_LINES;
  if (!/^\d{1,6}$/.test(lines)) {
    throw new CliError(EXIT.usage, `--lines must be a number, is "${lines}"`);
  }
  const path = join(logDir, name);
  const isAll = options.lines === undefined && since !== null;
  const backlog = isAll ? null : Number(lines);
  const format = isTerminal && !context.json ? logText : null;
  const follow = options.follow === true ? { follow: until } : {};
  const selection = new LogSelection({ filter, format, backlog, write: context.out });
  const isWhole = filter === null && format === null;
  try {
    if (since !== null) {
      await readLogArchives(path, since, (text) => {
        selection.take(text);
      });
    }
    await tailFile({
      path,
      lines: backlog ?? 0,
      write: (text) => {
        if (isWhole) context.out(text);
        else selection.take(text);
      },
      ...(isWhole
        ? {}
        : {
            onBacklogEnd: () => {
              selection.endBacklog();
            },
          }),
      ...follow,
    });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    throw new CliError(EXIT.unavailable, `${path} does not exist; did the gateway ever run here?`, {
      cause,
    });
  }
}
