/** Which lines of a log `multi-mcp logs` shows: the options, and a line's members against them. */
import { LOG_LEVELS } from '../admin/log-level-input.js';
import { EXIT } from '../kernel/exit-codes.js';
import { wallMs } from '../kernel/clock.js';
import { CliError } from './cli-error.js';
import { parseSeconds } from './duration.js';

export interface LogFilterOptions {
  readonly server?: string;
  readonly user?: string;
  readonly tool?: string;
  /** `429`, `5xx`, several with commas. */
  readonly status?: string;
  /** Least severe level. */
  readonly level?: string;
  /** A duration such as 10m, or an instant. */
  readonly since?: string;
}

export type LogLine = Readonly<Record<string, unknown>>;
type Test = (line: LogLine) => boolean;

/** Options that only lines of the request log can meet. */
export function wantsRequests(options: LogFilterOptions): boolean {
  return [options.user, options.tool, options.status].some((each) => each !== undefined);
}

/** Null when nothing is filtered. Throws CliError (usage). */
export function logFilter(options: LogFilterOptions): Test | null {
  const { server, user, tool, status, level, since } = options;
  if (level !== undefined && wantsRequests(options)) {
    throw new CliError(
      EXIT.usage,
      '--level is for the log, --user, --tool and --status for --requests',
    );
  }
  const tests: Test[] = [];
  if (server !== undefined) tests.push((line) => line['server'] === server);
  if (user !== undefined) tests.push((line) => line['user'] === user);
  if (tool !== undefined) tests.push((line) => line['target'] === tool);
  if (status !== undefined) tests.push(statusTest(status));
  if (level !== undefined) tests.push(levelTest(level));
  if (since !== undefined) tests.push(sinceTest(parseSince(since)));
  return tests.length === 0 ? null : (line) => tests.every((test) => test(line));
}

function statusTest(text: string): Test {
  const wanted = text.split(',');
  if (!wanted.every((each) => /^[1-5](\d\d|xx)$/.test(each))) {
    throw new CliError(EXIT.usage, `--status must be such as 429 or 5xx, is "${text}"`);
  }
  return ({ status }) =>
    wanted.some((each) =>
      each.endsWith('xx') ? String(status).startsWith(each.slice(0, 1)) : String(status) === each,
    );
}

function levelTest(level: string): Test {
  const least = LOG_LEVELS.findIndex((each) => each === level);
  if (least === -1) {
    throw new CliError(
      EXIT.usage,
      `--level must be one of ${LOG_LEVELS.join(', ')}, is "${level}"`,
    );
  }
  return (line) => LOG_LEVELS.findIndex((each) => each === line['level']) >= least;
}

function sinceTest(since: Date): Test {
  // Both logs write UTC in one width, so that texts sort as instants do.
  const from = since.toISOString();
  return ({ time }) => typeof time === 'string' && time >= from;
}

/** Throws CliError (usage). */
export function parseSince(text: string): Date {
  const fromMs = /^\d+[a-z]+$/.test(text)
    ? wallMs() - parseSeconds(text, '--since') * 1000
    : parseInstant(text);
  if (!Number.isNaN(fromMs)) return new Date(fromMs);
  throw new CliError(EXIT.usage, `--since must be such as 10m or 2026-11-21T10:00, is "${text}"`);
}

/** Without a zone it is UTC, as the lines have it: people copy it from one. NaN when it is no instant. */
function parseInstant(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return Number.NaN;
  const lacksZone = /T\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text);
  return Date.parse(lacksZone ? `${text}Z` : text);
}
