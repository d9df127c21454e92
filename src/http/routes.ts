/**
 * Path and verb → handler, as one table. Paths match exactly and are never normalised: what is not
 * here is 404, so no spelling of a path reaches a handler that did not expect it.
 */
import { GatewayError } from '../kernel/errors.js';
import { nextRequestId } from '../kernel/ids.js';
import { problemReply } from '../gateway/error-reply.js';
import type { ExchangeHandler, HttpExchange } from '../gateway/exchange.js';
import type { RequestPath } from '../gateway/request-path.js';
import { corsHeaders, preflightReply } from '../gateway/cors.js';
import type { ResourceMetadata } from '../gateway/resource-metadata.js';

export type OperationsRoute = (exchange: HttpExchange) => void | Promise<void>;

const MCP_SUFFIX = '/mcp';

/**
 * `operations` maps exact paths to GET handlers; HEAD is served by the same ones. `metadata` is absent where no
 * authorization server is configured.
 */
export function createRoutes(
  requestPath: RequestPath,
  operations: ReadonlyMap<string, OperationsRoute>,
  metadata: Pick<ResourceMetadata, 'document'> | null = null,
): ExchangeHandler {
  return (exchange) => {
    const { path, method } = exchange;
    if (path.endsWith(MCP_SUFFIX)) {
      const server = path.slice(1, -MCP_SUFFIX.length);
      if (server !== '' && !server.includes('/')) {
        if (method !== 'OPTIONS') return requestPath(exchange, server);
        exchange.reply(preflightReply(exchange));
        return;
      }
    }
    const operation = operations.get(path) ?? metadataRoute(metadata?.document(path) ?? null);
    if (operation !== null && method === 'OPTIONS' && !operations.has(path)) {
      exchange.reply(preflightReply(exchange));
      return;
    }
    if (operation === null) {
      refuse(exchange, new GatewayError('GW_ROUTE_UNKNOWN', { hint: 'GET / lists the paths.' }));
      return;
    }
    if (method === 'GET' || method === 'HEAD') return operation(exchange);
    refuse(
      exchange,
      new GatewayError('GW_METHOD_NOT_ALLOWED', { headers: { allow: 'GET, HEAD' } }),
    );
  };
}

/** Public, and asked for by browser clients from other origins (RFC 9728 §3). */
function metadataRoute(document: string | null): OperationsRoute | null {
  if (document === null) return null;
  return (exchange) => {
    const headers = {
      'content-type': 'application/json',
      'cache-control': 'max-age=300',
      ...corsHeaders(exchange),
    };
    exchange.reply({ status: 200, headers, body: document });
  };
}

function refuse(exchange: HttpExchange, error: GatewayError): void {
  exchange.reply(problemReply(error, nextRequestId()));
}
