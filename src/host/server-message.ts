/**
 * Reads what a server sent on a channel, and writes the few messages the gateway itself says to
 * servers. Upstream bytes are untrusted like a client's, but may be larger and deeper.
 */
import { GatewayError } from '../kernel/errors.js';
import { idAtEnds } from '../mcp/answer-id.js';
import {
  scanMessage,
  SERVER_SCAN_LIMITS,
  type JsonRpcId,
  type ScannedMessage,
} from '../mcp/scan-message.js';

export type ServerMessage =
  | { readonly kind: 'message'; readonly message: ScannedMessage }
  /** `id` is the request it seems to answer, where that much could be read. */
  | { readonly kind: 'malformed'; readonly id: JsonRpcId | null; readonly reason: string };

/** Never throws. */
export function readServerMessage(bytes: Buffer): ServerMessage {
  try {
    return { kind: 'message', message: scanMessage(bytes, SERVER_SCAN_LIMITS) };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    // Bytes that are no UTF-8 were given up before an id was looked for.
    const id = thrown.options.data?.['id'] ?? idAtEnds(bytes);
    // A broken request of the server has an id of the server's making, which may equal one of ours.
    const isAnswer = !bytes.includes('"method"');
    return {
      kind: 'malformed',
      id: isAnswer && (typeof id === 'string' || typeof id === 'number') ? id : null,
      reason: thrown.message,
    };
  }
}

/** The envelope of a message of our own to a modern server. */
export const OWN_ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'multi-mcp-server', version: '1' },
} as const;

export function ownRequest(
  id: number,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Buffer {
  const body = { jsonrpc: '2.0', id, method, params: { ...params, _meta: OWN_ENVELOPE } };
  return Buffer.from(JSON.stringify(body));
}

/**
 * `envelope`: a modern server may not have been told the era yet, and would take a cancellation
 * without it for a legacy client's first word (SDK 2.4 `serveStdio`).
 */
export function cancellation(id: number, reason: string, envelope: 'modern' | 'legacy'): Buffer {
  const params = {
    requestId: id,
    reason,
    ...(envelope === 'modern' ? { _meta: OWN_ENVELOPE } : {}),
  };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
}

/** Tells a server that it may not ask. */
export function refusal(id: JsonRpcId): Buffer {
  const error = { code: -32601, message: 'Method not found' };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error }));
}
