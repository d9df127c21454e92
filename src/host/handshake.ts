/**
 * What a server's answer to `initialize` means: a session, the server's own refusal, or nonsense. Only
 * now does the client get its reply, so that a failed start has a status and leaves no session behind.
 */
import { GatewayError } from '../kernel/errors.js';
import { errorCodeOf, memberOf } from '../mcp/message-members.js';
import type { ScannedMessage } from '../mcp/scan-message.js';
import { modernOnly } from './version-refusals.js';

export type HandshakeOutcome =
  | { readonly kind: 'opened'; readonly version: string }
  /** The answer goes to the client as it is. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'failed'; readonly error: GatewayError };

export function judgeHandshake(
  response: ScannedMessage,
  requestedVersion: string | null,
): HandshakeOutcome {
  if (response.isError) return judgeError(response, requestedVersion);
  const body: unknown = JSON.parse(response.bytes.toString());
  const version = memberOf(memberOf(body, 'result'), 'protocolVersion');
  if (typeof version === 'string') return { kind: 'opened', version };
  const hint = 'It named no protocol version.';
  return { kind: 'failed', error: new GatewayError('GW_UPSTREAM_PROTOCOL', { hint }) };
}

function judgeError(response: ScannedMessage, requestedVersion: string | null): HandshakeOutcome {
  const code = errorCodeOf(response);
  // Every legacy server knows `initialize`: this one speaks later revisions only.
  if (code === -32601) return { kind: 'failed', error: modernOnly(requestedVersion) };
  return { kind: 'refused', status: code === -32022 ? 400 : 200 };
}

/** Revisions are dates, so they compare as text. Clients of older ones fail on events without data. */
export function understandsPriming(version: string | null | undefined): boolean {
  return typeof version === 'string' && version >= '2025-11-25';
}
