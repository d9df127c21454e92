/**
 * `GET /livez/stream`: a handful of events, a fifth of a second apart. Whoever reads them behind a proxy sees
 * whether it passes events on as they come (`multi-mcp doctor --url`), and whom the gateway takes him for.
 */
import type { HttpExchange } from '../gateway/exchange.js';
import { GatewayError } from '../kernel/errors.js';
import { nextRequestId } from '../kernel/ids.js';
import { problemReply } from '../gateway/error-reply.js';
import type { OperationsRoute } from './routes.js';

const EVENTS = 5;
const GAP_MS = 200;
/** Of a worker at a time; each holds a timer and a socket for a second. */
const MAX_OPEN = 8;

/** `mayAsk`: whoever proved an identity, or sits at the machine. */
export function createStreamProbe(
  mayAsk: (exchange: HttpExchange) => Promise<boolean>,
  gapMs = GAP_MS,
): OperationsRoute {
  let open = 0;
  return async (exchange) => {
    if (!(await mayAsk(exchange))) {
      exchange.reply(problemReply(new GatewayError('GW_UNAUTHENTICATED'), nextRequestId()));
      return;
    }
    if (open >= MAX_OPEN) {
      const full = new GatewayError('GW_SHED', { retryAfterMs: EVENTS * gapMs });
      exchange.reply(problemReply(full, nextRequestId()));
      return;
    }
    if (exchange.isAborted) return;
    open += 1;
    const stream = exchange.openStream(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    const { isLoopback, clientAddress } = exchange;
    const isForwarded = exchange.header('x-forwarded-for') !== undefined;
    const finish = (): void => {
      clearInterval(timer);
      open -= 1;
    };
    let sent = 0;
    const send = (): void => {
      sent += 1;
      stream.write(
        `data: ${JSON.stringify({ event: sent, of: EVENTS, clientAddress, isLoopback, isForwarded })}\n\n`,
      );
      if (sent < EVENTS) return;
      finish();
      stream.end();
    };
    const timer = setInterval(send, gapMs);
    exchange.onAbort(() => {
      if (sent < EVENTS) finish();
    });
    send();
  };
}
