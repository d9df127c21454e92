/**
 * Tracing as the request path sees it. Off (null) it costs one comparison; then `traceparent`, `tracestate`
 * and `baggage` headers and `_meta` go upstream as the client sent them.
 */
import type { RequestRecord } from './request-record.js';

export interface TracedRequest {
  /** Value of the client's header. */
  readonly traceparent: string | undefined;
  /** `params._meta` and its place in `body`; null where there is none. */
  readonly meta: { readonly start: number; readonly end: number } | null;
  readonly body: Buffer;
  readonly startedAtMs: number;
  readonly id: string | number | null;
  readonly protocolVersion: string | undefined;
}

export interface CallTrace {
  /**
   * Begins the outbound span and names it as the parent: in `headers`, a flat list, and in place in
   * `_meta` where the client had named one and `body` is the one that came.
   */
  dispatch(headers: string[], body: Buffer | null): void;
  /** Ends what was begun. */
  end(record: RequestRecord): void;
}

export interface Tracing {
  begin(request: TracedRequest): CallTrace;
  /** Sends what is buffered, for a few seconds at most. Never rejects. */
  close(): Promise<void>;
}
