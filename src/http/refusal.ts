/**
 * The answer to an HTTP request that never reaches the request path: the header gate refused it, or
 * its handler failed. A JSON-RPC error without an id, because no body was read.
 */
import type { HttpReply } from '../gateway/exchange.js';
import { ERRORS, type ErrorCode } from '../kernel/errors.js';
import { nextRequestId } from '../kernel/ids.js';

export interface Refusal {
  readonly code: ErrorCode;
  /** One client-safe sentence that says what to do. */
  readonly hint?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusalReply(refusal: Refusal): HttpReply {
  const row = ERRORS[refusal.code];
  const requestId = nextRequestId();
  const message = refusal.hint === undefined ? row.message : `${row.message} ${refusal.hint}`;
  return {
    status: row.http,
    headers: {
      'content-type': 'application/json',
      'x-request-id': requestId,
      ...refusal.headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: null,
      error: { code: row.jsonRpc, message, data: { reason: refusal.code, requestId } },
    }),
  };
}
