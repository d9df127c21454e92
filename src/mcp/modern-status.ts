/**
 * The HTTP status of a modern response that is sent as JSON. Errors of the protocol have a status of
 * their own; errors of a handler are an ordinary answer. A stdio server does not say which is which, so
 * the code decides (MCP 2026-07-28 basic/transports; SDK 2.4 `LADDER_ERROR_HTTP_STATUS`).
 */
import { errorOf, memberOf } from './message-members.js';
import type { ScannedMessage } from './scan-message.js';

const STATUS: ReadonlyMap<unknown, number> = new Map([
  [-32601, 404],
  [-32020, 400],
  [-32021, 400],
  [-32022, 400],
]);

export function modernStatus(response: ScannedMessage): number {
  if (!response.isError) return 200;
  const error = errorOf(response);
  const code = memberOf(error, 'code');
  if (code === -32602) return isAboutEnvelope(error) ? 400 : 200;
  return STATUS.get(code) ?? 200;
}

/** Invalid parameters are a handler's answer, an invalid envelope is not; SDK servers tell them apart so. */
function isAboutEnvelope(error: unknown): boolean {
  if (memberOf(memberOf(error, 'data'), 'envelope') !== undefined) return true;
  const message = memberOf(error, 'message');
  return typeof message === 'string' && /\b_meta envelope\b/.test(message);
}
