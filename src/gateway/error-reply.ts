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
  const { data, retryAfterMs } = error.options;
  const rest = { ...data };
  delete rest['id']; // Known to the scanner alone; the message carries it already.
  return {
    jsonrpc: '2.0',
    id,
    error: {
      code: error.row.jsonRpc,
      message: error.message,
      data: {
        reason: error.code,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
        requestId,
        ...rest,
      },
    },
  };
}

export function mcpErrorReply(
  error: GatewayError,
  id: JsonRpcId | null,
  requestId: string,
): HttpReply {
  return {
    status: error.row.http,
    headers: { ...commonHeaders(error, requestId), 'content-type': 'application/json' },
    body: JSON.stringify(errorMessage(error, id, requestId)),
  };
}

export function problemReply(error: GatewayError, requestId: string): HttpReply {
  const status = error.row.http === 200 ? 400 : error.row.http;
  return {
    status,
    headers: { ...commonHeaders(error, requestId), 'content-type': 'application/problem+json' },
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
  const { headers, retryAfterMs } = error.options;
  return {
    'x-request-id': requestId,
    'cache-control': 'no-store',
    ...headers,
    // Whole seconds, never earlier than the truth (RFC 9110 §10.2.3).
    ...(retryAfterMs === undefined
      ? {}
      : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
  };
}
