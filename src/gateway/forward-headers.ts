/**
 * Which headers cross the gateway: allow lists both ways. Towards upstreams, so that no credential a client may
 * send under any name ever leaves us (threats 5 and 22); towards clients, because a server speaks there with our
 * name: to browsers (cookies, Clear-Site-Data, CORS) and to the proxy before us (X-Accel-Redirect).
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

/** What an MCP client reads; `mcp-*` beside it. Encodings are refused, and rates are the gateway's to tell. */
const RETURNED = new Set([
  'allow',
  'cache-control',
  'content-language',
  'content-type',
  'retry-after',
  'vary',
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
    if (!isReturned(name)) continue;
    const value = headers[i + 1] ?? '';
    const before = target[name];
    target[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return target;
}

function isReturned(name: string): boolean {
  // A session's id is sealed first.
  if (name.startsWith('mcp-')) return name !== 'mcp-session-id';
  return RETURNED.has(name);
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
