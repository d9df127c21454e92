/**
 * Spans by OpenTelemetry, after the semantic conventions for MCP (status Development: all names stand
 * here): SERVER for what the client asked, CLIENT for the call upstream. Loaded only when tracing is on:
 * the packages are optional and cost 150 ms to import. Exporter, sampler and resource are configured by
 * the standard OTEL_* variables.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { monotonicMs, wallMs } from '../kernel/clock.js';
import type { RequestRecord } from './request-record.js';
import {
  readTraceparent,
  TRACEPARENT_LENGTH,
  writeTraceparent,
  type TraceContext,
} from './trace-context.js';
import type { CallTrace, TracedRequest, Tracing } from './tracing.js';

export interface OtelTracingOptions {
  readonly serviceName: string;
  readonly version: string;
}

/** Larger, and a shutdown throws "Concurrent export limit reached" past every catch (measured). */
const MAX_QUEUED_SPANS = 4096;
const CLOSE_MS = 3000;
/** Names from clients become attributes; a trace is no place for long ones. */
const MAX_NAME_CHARS = 128;

export function createOtelTracing(options: OtelTracingOptions): Tracing {
  const own = resourceFromAttributes({
    'service.name': options.serviceName,
    'service.version': options.version,
    'process.pid': process.pid,
  });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter(), { maxQueueSize: MAX_QUEUED_SPANS }),
    ],
  });
  const tracer = provider.getTracer('multi-mcp-server', options.version);
  return {
    begin: (request) => new OtelCallTrace(tracer, request),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

class OtelCallTrace implements CallTrace {
  readonly #tracer: Tracer;
  readonly #request: TracedRequest;
  readonly #parent: TraceContext | null;
  /** Where the client's own context stands in the body; null where it must not be touched. */
  readonly #metaOffset: number | null;
  readonly #server: Span;
  readonly #context: Context;
  #client: Span | null = null;

  constructor(tracer: Tracer, request: TracedRequest) {
    this.#tracer = tracer;
    this.#request = request;
    const meta = metaTraceparent(request);
    this.#parent = meta?.context ?? readTraceparent(request.traceparent);
    this.#metaOffset = meta?.offset ?? null;
    const context = remoteContext(this.#parent);
    this.#server = tracer.startSpan(
      'mcp',
      { kind: SpanKind.SERVER, startTime: wallOf(request.startedAtMs) },
      context,
    );
    this.#context = trace.setSpan(context, this.#server);
  }

  dispatch(headers: string[], body: Buffer | null): void {
    this.#client = this.#tracer.startSpan('mcp', { kind: SpanKind.CLIENT }, this.#context);
    const { traceId, spanId, traceFlags } = this.#client.spanContext();
    const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    const traceparent = writeTraceparent({ traceId, spanId, isSampled });
    setHeader(headers, 'traceparent', traceparent);
    // The state belongs to the context that was taken; a header beside `_meta` may be of another trace.
    if (this.#parent === null || this.#parent.traceId !== this.#headerTraceId()) {
      dropHeader(headers, 'tracestate');
    }
    if (this.#metaOffset !== null && body === this.#request.body) {
      body.write(traceparent, this.#metaOffset, 'latin1');
    }
  }

  end(record: RequestRecord): void {
    const target = record.target?.slice(0, MAX_NAME_CHARS) ?? null;
    const method = record.method.slice(0, MAX_NAME_CHARS);
    const name = target === null ? method : `${method} ${target}`;
    const attributes = attributesOf(record, method, target, this.#request);
    for (const span of [this.#client, this.#server]) {
      if (span === null) continue;
      span.updateName(name);
      span.setAttributes(attributes);
      if (record.reason !== 'ok' || record.status >= 400) {
        const code = record.reason === 'ok' ? String(record.status) : record.reason;
        span.setAttribute('error.type', code);
        // A client's own mistake is no error of a server span (HTTP conventions).
        if (record.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      }
      span.end();
    }
  }

  #headerTraceId(): string | undefined {
    return readTraceparent(this.#request.traceparent)?.traceId;
  }
}

/** No session id: who has it and the user's key may use the session, so it is no matter for a trace store. */
function attributesOf(
  record: RequestRecord,
  method: string,
  target: string | null,
  { id, protocolVersion }: TracedRequest,
): Attributes {
  return {
    'mcp.method.name': method,
    ...(method === 'tools/call' && target !== null ? { 'gen_ai.tool.name': target } : {}),
    ...(id === null ? {} : { 'jsonrpc.request.id': String(id) }),
    ...(protocolVersion === undefined ? {} : { 'mcp.protocol.version': protocolVersion }),
    'rpc.response.status_code': String(record.status),
    'network.transport': 'tcp',
    'multi_mcp.server': record.server,
    'multi_mcp.request.id': record.requestId,
    'multi_mcp.queue_ms': record.queueMs,
  };
}

function remoteContext(parent: TraceContext | null): Context {
  if (parent === null) return ROOT_CONTEXT;
  const { traceId, spanId, isSampled } = parent;
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** The context in `_meta`, and where its text stands in the body if it stands there plainly. */
function metaTraceparent({
  meta,
  body,
}: TracedRequest): { readonly context: TraceContext; readonly offset: number | null } | null {
  if (meta === null) return null;
  const bytes = body.subarray(meta.start, meta.end);
  const parsed: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('traceparent' in parsed)) return null;
  const { traceparent } = parsed;
  const context = typeof traceparent === 'string' ? readTraceparent(traceparent) : null;
  if (context === null || String(traceparent).length !== TRACEPARENT_LENGTH) return null;
  const offset = bytes.indexOf(String(traceparent));
  return { context, offset: offset === -1 ? null : meta.start + offset };
}

function setHeader(headers: string[], name: string, value: string): void {
  dropHeader(headers, name);
  headers.push(name, value);
}

function dropHeader(headers: string[], name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i] === name) headers.splice(i, 2);
}

function wallOf(atMonotonicMs: number): number {
  return wallMs() - (monotonicMs() - atMonotonicMs);
}
