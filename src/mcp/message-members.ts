/**
 * Members of a message beyond what the scanner reports, read by parsing the smallest part that holds
 * them, and only after a byte search found their key: most messages are never parsed.
 */
import type { JsonRpcId, ScannedMessage } from './scan-message.js';

const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
export const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

/** An own member of a parsed JSON object; undefined for anything else. */
export function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

/** `error.code` of an error response; null where there is none. */
export function errorCodeOf(message: ScannedMessage): number | null {
  const code = memberOf(errorOf(message), 'code');
  return typeof code === 'number' ? code : null;
}

/** `error` of an error response, parsed; undefined for other messages. */
export function errorOf(message: ScannedMessage): unknown {
  if (!message.isError) return undefined;
  const body: unknown = JSON.parse(message.bytes.toString());
  return memberOf(body, 'error');
}

/** `params`, parsed; undefined where there is none. */
export function paramsOf(message: ScannedMessage): unknown {
  const { bytes, paramsRange } = message;
  if (paramsRange === null) return undefined;
  const params: unknown = JSON.parse(bytes.toString('utf8', paramsRange.start, paramsRange.end));
  return params;
}

/** Whether a modern request allows `notifications/message` about itself. */
export function asksForLogs(message: ScannedMessage): boolean {
  return typeof metaMember(message, LOG_LEVEL) === 'string';
}

/** The `subscriptions/listen` request that a notification belongs to; null where it names none. */
export function subscriptionIdOf(message: ScannedMessage): JsonRpcId | null {
  const id = metaMember(message, SUBSCRIPTION_ID);
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function metaMember({ bytes, metaRange }: ScannedMessage, key: string): unknown {
  if (metaRange === null) return undefined;
  const meta = bytes.subarray(metaRange.start, metaRange.end);
  if (!meta.includes(key)) return undefined;
  const parsed: unknown = JSON.parse(meta.toString());
  return memberOf(parsed, key);
}
