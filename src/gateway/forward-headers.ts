/**
 * Which headers cross the gateway. Towards upstreams an allow list, so that no credential a client may
 * send under any name ever leaves us (threats 5 and 22); towards clients everything but what belongs to
 * one hop (RFC 9110 §7.6.1) or is a credential.
 */
import type { HttpExchange } from './exchange.js';

const FORWARDED = new Set([
  'accept',
  'accept-language',
  'content-type',
  'last-event-id',
  'traceparent',
  'tracestate',
  'baggage',
  'user-agent',
]);

const NOT_RETURNED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
  'www-authenticate',
  'mcp-session-id',
  'x-request-id',
  // Limits of the upstream, which are the gateway's to keep, not the client's.
  'ratelimit',
  'ratelimit-policy',
  'access-control-allow-origin',
  'access-control-expose-headers',
]);

/** Flat list for the upstream. `upstreamSessionId` takes the place of the sealed one the client sent. */
export function requestHeaders(
  exchange: HttpExchange,
  upstreamSessionId: string | null,
  requestId: string,
): string[] {
  const headers: string[] = ['x-request-id', requestId];
  if (upstreamSessionId !== null) headers.push('mcp-session-id', upstreamSessionId);
  exchange.eachHeader((name, value) => {
    if (name.startsWith('mcp-')) {
      if (name !== 'mcp-session-id') headers.push(name, value);
    } else if (FORWARDED.has(name)) headers.push(name, value);
  });
  return headers;
}

/** The list with this header in place of any of the same name. `name` in lower case. */
export function withHeader(headers: readonly string[], name: string, value: string): string[] {
  const merged: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i] !== name) merged.push(headers[i] ?? '', headers[i + 1] ?? '');
  }
  merged.push(name, value);
  return merged;
}

/** Copies what may be returned from the upstream's flat list into `target`. */
export function copyReplyHeaders(
  headers: readonly string[],
  target: Record<string, string>,
): Record<string, string> {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (NOT_RETURNED.has(name)) continue;
    const value = headers[i + 1] ?? '';
    const before = target[name];
    // Of an object's own making where a server names a header `constructor`.
    target[name] = typeof before === 'string' ? `${before}, ${value}` : value;
  }
  return target;
}

/** In lower case, as media types are compared (RFC 9110 §8.3.1); empty where absent. */
export function contentTypeOf(headers: readonly string[]): string {
  return (findHeader(headers, 'content-type') ?? '').toLowerCase();
}

/** First value of a header in a flat list; undefined where absent. */
export function findHeader(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}
