/**
 * A module's log: pino underneath, and for a call also `notifications/message` to its client, when
 * that asked for logs at this level (legacy: logging/setLevel; modern: logLevel in `_meta`).
 */
import type { Logger } from 'pino';
import type { ModuleLog } from '../servers/module-api.js';

type Fields = Readonly<Record<string, unknown>> | undefined;

/** MCP's levels are those of RFC 5424, from least to most severe. */
export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;
export type McpLogLevel = (typeof LOG_LEVELS)[number];

export function isLogLevel(value: unknown): value is McpLogLevel {
  return (LOG_LEVELS as readonly unknown[]).includes(value);
}

/** What the host itself and a module's start-up log to. */
export function moduleLog(log: Logger): ModuleLog {
  // Nested, so that no field of a module passes for one of ours.
  return {
    debug: (message, fields) => {
      log.debug({ fields }, message);
    },
    info: (message, fields) => {
      log.info({ fields }, message);
    },
    warn: (message, fields) => {
      log.warn({ fields }, message);
    },
    error: (message, fields) => {
      log.error({ fields }, message);
    },
  };
}

export interface CallLogOptions {
  readonly log: Logger;
  /** Null: the client wants no logs. */
  readonly threshold: McpLogLevel | null;
  readonly send: (level: McpLogLevel, data: unknown) => void;
}

/** A call's log: kept at debug, because a client's calls must not fill the gateway's log. */
export function callLog({ log, threshold, send }: CallLogOptions): ModuleLog {
  const minimum = threshold === null ? Infinity : LOG_LEVELS.indexOf(threshold);
  const at =
    (level: McpLogLevel) =>
    (message: string, fields?: Fields): void => {
      log.debug({ moduleLevel: level, fields }, message);
      if (LOG_LEVELS.indexOf(level) < minimum) return;
      send(level, fields === undefined ? message : { message, ...fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warning'), error: at('error') };
}
