/**
 * Cross-origin answers for browser clients (Fetch standard, CORS protocol). Whether the origin is
 * allowed was decided by the header gate; here it is only told to the browser.
 */
import type { HttpExchange, HttpReply } from './exchange.js';

const EXPOSED =
  'Mcp-Session-Id, WWW-Authenticate, X-Request-Id, Retry-After, RateLimit, RateLimit-Policy';
const ALLOWED =
  'Authorization, Content-Type, Accept, X-API-Key, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID';
const PREFLIGHT_MAX_AGE_SECONDS = '600';

/** Headers to join to a reply; undefined when the request came from no browser. */
export function corsHeaders(exchange: HttpExchange): Readonly<Record<string, string>> | undefined {
  const origin = exchange.header('origin');
  if (origin === undefined) return undefined;
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED,
    vary: 'Origin',
  };
}

export function preflightReply(exchange: HttpExchange): HttpReply {
  // An allow list has no prefix wildcard, so the Mcp-Param-* names that are asked for are echoed.
  const requested = (exchange.header('access-control-request-headers') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^mcp-param-[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/i.test(name))
    .slice(0, 32);
  return {
    status: 204,
    headers: {
      ...corsHeaders(exchange),
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': [ALLOWED, ...requested].join(', '),
      'access-control-max-age': PREFLIGHT_MAX_AGE_SECONDS,
    },
  };
}
