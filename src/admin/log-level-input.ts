/** A change of the log level as the admin socket takes it, and how the level stands. */
import { GatewayError } from '../kernel/errors.js';
import { membersOf, optionalNumberIn } from './input-members.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export interface SetLogLevelInput {
  /** Null: back to the configured one. */
  readonly level: string | null;
  /** Then back by itself; null = stays. */
  readonly forSeconds: number | null;
}

export interface LogLevelView {
  readonly level: string;
  readonly configured: string;
  /** ISO 8601; null = stays as it is. */
  readonly resetsAt: string | null;
}

export interface LogLevelOperations {
  logLevel(): Promise<LogLevelView>;
  setLogLevel(input: SetLogLevelInput): Promise<LogLevelView>;
}

/** A day: longer than that belongs into the configuration. */
const MAX_SECONDS = 86_400;

/** Throws GW_BAD_REQUEST. */
export function readLogLevelInput(json: unknown): SetLogLevelInput {
  const members = membersOf(json, ['level', 'forSeconds']);
  const level = members['level'] ?? null;
  const isLevel = level === null || LOG_LEVELS.some((each) => each === level);
  if (!isLevel) throw refused(`level must be one of ${LOG_LEVELS.join(', ')}, or null`);
  const forSeconds = optionalNumberIn(members, 'forSeconds');
  if (forSeconds !== null && !(forSeconds > 0 && forSeconds <= MAX_SECONDS)) {
    throw refused(`forSeconds must be more than 0 and at most ${MAX_SECONDS}`);
  }
  return { level: typeof level === 'string' ? level : null, forSeconds };
}

function refused(hint: string): GatewayError {
  return new GatewayError('GW_BAD_REQUEST', { hint });
}
