/**
 * Path and verb → handler, as one table. Paths match exactly and are never normalised: what is not
 * here is 404, so no spelling of a path reaches a handler that did not expect it.
 */
import { GatewayError } from '../kernel/errors.js';
import { nextRequestId } from '../kernel/ids.js';
import { problemReply } from '../gateway/error-reply.js';
import type { ExchangeHandler, HttpExchange } from '../gateway/exchange.js';
import type { RequestPath } from '../gateway/request-path.js';
import { preflightReply } from '../gateway/cors.js';

export type OperationsRoute = (exchange: HttpExchange) => void | Promise<void>;

const MCP_SUFFIX = '/mcp';

/** `operations` maps exact paths to GET handlers; HEAD is served by the same ones. */
export function createRoutes(
  requestPath: RequestPath,
  operations: ReadonlyMap<string, OperationsRoute>,
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
    const operation = operations.get(path);
    if (operation === undefined) {
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

function refuse(exchange: HttpExchange, error: GatewayError): void {
  exchange.reply(problemReply(error, nextRequestId()));
}
