/**
 * How a GatewayError looks to a client: a JSON-RPC error with the request's id on MCP routes, RFC 9457
 * problem details elsewhere. Only the table's message, the hint and `data` are ever shown.
 */
import type { GatewayError } from '../kernel/errors.js';
import type { JsonRpcId } from '../mcp/scan-message.js';
import type { HttpReply } from './exchange.js';

/** The JSON-RPC error object; `id` is null where it could not be read. */
export function errorMessage(
  error: GatewayError,
  id: JsonRpcId | null,
  requestId: string,
): Readonly<Record<string, unknown>> {
  const { retryAfterMs } = error.options;
  const data: Record<string, unknown> = { reason: error.code };
  if (retryAfterMs !== undefined) data['retryAfterMs'] = Math.ceil(retryAfterMs);
  data['requestId'] = requestId;
  for (const name in error.options.data) {
    // The id is for whoever could not read it; the message carries it already.
    if (name !== 'id') data[name] = error.options.data[name];
  }
  return { jsonrpc: '2.0', id, error: { code: error.row.jsonRpc, message: error.message, data } };
}

export function mcpErrorReply(
  error: GatewayError,
  id: JsonRpcId | null,
  requestId: string,
): HttpReply {
  const headers = commonHeaders(error, requestId);
  headers['content-type'] = 'application/json';
  return {
    status: error.row.http,
    headers,
    body: JSON.stringify(errorMessage(error, id, requestId)),
  };
}

export function problemReply(error: GatewayError, requestId: string): HttpReply {
  const status = error.row.http === 200 ? 400 : error.row.http;
  const headers = commonHeaders(error, requestId);
  headers['content-type'] = 'application/problem+json';
  return {
    status,
    headers,
    body: JSON.stringify({
      type: `urn:multi-mcp:error:${error.code.toLowerCase()}`,
      title: error.row.message,
      status,
      detail: error.message,
      instance: requestId,
      reason: error.code,
    }),
  };
}

function commonHeaders(error: GatewayError, requestId: string): Record<string, string> {
  const { retryAfterMs } = error.options;
  const headers: Record<string, string> = {
    'x-request-id': requestId,
    'cache-control': 'no-store',
    ...error.options.headers,
  };
  // Whole seconds, never earlier than the truth (RFC 9110 §10.2.3).
  if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
  return headers;
}
