/**
 * What people, load balancers and scrapers ask of the gateway itself. Anyone may learn whether it
 * works; names, numbers and places are for direct loopback peers and admin keys.
 */
import { GatewayError } from '../kernel/errors.js';
import { nextRequestId } from '../kernel/ids.js';
import type { Authenticator } from '../gateway/authenticator.js';
import { problemReply } from '../gateway/error-reply.js';
import type { HttpExchange } from '../gateway/exchange.js';
import { CONTENT_TYPES } from '../telemetry/exposition.js';
import { metricsFormat, type MetricsFormat } from './metrics-format.js';
import { isKnown, isOperator } from './operator-access.js';
import type { PrimaryAnswer, PrimaryLink } from './primary-link.js';
import type { OperationsRoute } from './routes.js';
import { createStreamProbe } from './stream-probe.js';

export interface OperationsRoutesOptions {
  readonly version: string;
  readonly primary: PrimaryLink;
  readonly authenticator: Authenticator;
  readonly isDraining: () => boolean;
}

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

export function createOperationsRoutes(
  options: OperationsRoutesOptions,
): ReadonlyMap<string, OperationsRoute> {
  const metrics = (forced: MetricsFormat | null): OperationsRoute => {
    return async (exchange) => {
      if (!(await isOperator(options.authenticator, exchange))) {
        const hint = 'Ask from the machine itself, or with an admin key.';
        reply(exchange, new GatewayError('GW_UNAUTHENTICATED', { hint }));
        return;
      }
      const format = forced ?? metricsFormat(exchange);
      const answer = await options.primary.ask(`metrics-${format}`, true);
      const contentType = format === 'json' ? 'application/json' : CONTENT_TYPES[format];
      replyAnswer(exchange, answer, { 'content-type': contentType, vary: 'Accept' });
    };
  };
  return new Map<string, OperationsRoute>([
    [
      '/',
      (exchange) => {
        replyJson(exchange, 200, root(options.version));
      },
    ],
    [
      '/livez',
      (exchange) => {
        replyText(exchange, 200, 'ok\n');
      },
    ],
    ['/livez/stream', createStreamProbe((exchange) => isKnown(options.authenticator, exchange))],
    [
      '/readyz',
      async (exchange) => {
        if (options.isDraining()) replyText(exchange, 503, 'draining\n');
        else {
          // The checks name servers and the store's place and troubles.
          const isVerbose =
            /(^|&)verbose(=|&|$)/.test(exchange.query) &&
            (await isOperator(options.authenticator, exchange));
          const answer = await options.primary.ask('readiness', isVerbose);
          replyAnswer(exchange, answer, { 'content-type': 'text/plain; charset=utf-8' });
        }
      },
    ],
    [
      '/health',
      async (exchange) => {
        const answer = await options.primary.ask(
          'health',
          await isOperator(options.authenticator, exchange),
        );
        replyAnswer(exchange, answer, JSON_HEADERS);
      },
    ],
    ['/metrics', metrics(null)],
    ['/metrics/prometheus', metrics('prometheus')],
  ]);
}

function root(version: string): Readonly<Record<string, unknown>> {
  return {
    name: 'multi-mcp-server',
    version,
    endpoints: {
      mcp: '/{server}/mcp',
      health: '/health',
      live: '/livez',
      ready: '/readyz',
      metrics: '/metrics',
      dashboard: '/dashboard',
    },
  };
}

function replyAnswer(
  exchange: HttpExchange,
  answer: PrimaryAnswer | null,
  headers: Readonly<Record<string, string>>,
): void {
  if (answer === null) {
    replyJson(exchange, 503, {
      status: 'unhealthy',
      reason: 'the primary process does not answer',
    });
    return;
  }
  exchange.reply({
    status: answer.status,
    headers: { 'cache-control': 'no-store', ...headers },
    body: answer.body,
  });
}

function replyJson(
  exchange: HttpExchange,
  status: number,
  document: Readonly<Record<string, unknown>>,
): void {
  exchange.reply({ status, headers: JSON_HEADERS, body: `${JSON.stringify(document, null, 2)}\n` });
}

function replyText(exchange: HttpExchange, status: number, body: string): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  exchange.reply({ status, headers, body });
}

function reply(exchange: HttpExchange, error: GatewayError): void {
  exchange.reply(problemReply(error, nextRequestId()));
}
