/**
 * Which form of `/metrics` a client wants. curl sends a bare `*` wildcard and gets JSON, as the owner's guide
 * shows; Prometheus names text formats with a quality of their own (q-values are honoured).
 */
import type { HttpExchange } from '../gateway/exchange.js';

export type MetricsFormat = 'json' | 'prometheus' | 'openmetrics';

const BY_TYPE: ReadonlyMap<string, MetricsFormat> = new Map([
  ['application/openmetrics-text', 'openmetrics'],
  ['text/plain', 'prometheus'],
  ['application/json', 'json'],
]);

/** Values of `?format=`; others are not heard. */
const ASKED: ReadonlyMap<string, MetricsFormat> = new Map([
  ['openmetrics', 'openmetrics'],
  ['prometheus', 'prometheus'],
  ['text', 'prometheus'],
  ['json', 'json'],
]);

export function metricsFormat(exchange: HttpExchange): MetricsFormat {
  const asked = ASKED.get(/(?:^|&)format=([a-z]+)/.exec(exchange.query)?.[1] ?? '');
  if (asked !== undefined) return asked;
  let best: MetricsFormat = 'json';
  let bestQuality = 0;
  for (const range of (exchange.header('accept') ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = q === undefined ? 1 : Number(q.slice(2));
    const format = BY_TYPE.get(type);
    // Of equals the first counts, as the client wrote them in this order.
    if (format === undefined || !(quality > bestQuality)) continue;
    best = format;
    bestQuality = quality;
  }
  return best;
}
