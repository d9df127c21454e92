/**
 * Which form of `/metrics` a client wants. curl sends a bare `*` wildcard and gets JSON, as the owner's guide
 * shows; Prometheus names text formats with a quality of their own (q-values are honoured).
 */
import type { HttpExchange } from '../gateway/exchange.js';

const TEXT_TYPES = new Set(['text/plain', 'application/openmetrics-text']);

export function prefersMetricsText(exchange: HttpExchange): boolean {
  const format = /(?:^|&)format=([a-z]+)/.exec(exchange.query)?.[1];
  if (format !== undefined) return format !== 'json';
  let textQuality = 0;
  let jsonQuality = 0;
  for (const range of (exchange.header('accept') ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = q === undefined ? 1 : Number(q.slice(2));
    if (TEXT_TYPES.has(type)) textQuality = Math.max(textQuality, quality);
    if (type === 'application/json') jsonQuality = Math.max(jsonQuality, quality);
  }
  return textQuality > jsonQuality;
}
