/**
 * Counts requests in a worker, and hands over what happened since the last time. On the request's path
 * it finds its series by three short look-ups and writes into typed arrays; everything else is done once
 * a second, for the series that were touched. Names from outside make no series: an unknown server, a
 * method of no revision and a tool that no server listed are each counted under one word.
 */
import { methodRow } from '../mcp/methods.js';
import { LatencyHistogram } from './latency-histogram.js';
import type { DeltaWriter } from './metric-delta.js';
import { MAX_TOOLS, OTHER_TOOL } from './metric-totals.js';
import type { RequestRecord } from './request-record.js';

/** Families of the reports; exposition names stand in request-families.ts. */
export const REQUESTS = 'requests';
export const RESPONSE_BYTES = 'response_bytes';
export const OPERATION = 'operation';
export const UPSTREAM = 'upstream';
export const OVERHEAD = 'overhead';

/** Outcomes of one method that are told apart; an upstream could answer with any status. */
const MAX_OUTCOMES = 32;
const UNKNOWN_SERVER = 'unknown';

interface Outcome {
  readonly status: string;
  readonly reason: string;
  count: number;
  bytes: number;
  readonly total: LatencyHistogram;
  readonly upstream: LatencyHistogram;
}

class Operation {
  readonly server: string;
  readonly method: string;
  readonly tool: string;
  /** The one outcome that nearly all requests have needs no look-up. */
  readonly ok: Outcome = newOutcome('200', 'ok');
  readonly others = new Map<string, Outcome>();
  isTouched = false;

  constructor(server: string, method: string, tool: string) {
    this.server = server;
    this.method = method;
    this.tool = tool;
  }

  outcome({ status, reason }: RequestRecord): Outcome {
    if (status === 200 && reason === 'ok') return this.ok;
    const key = `${status} ${reason}`;
    const known = this.others.get(key);
    if (known !== undefined) return known;
    const isFull = this.others.size >= MAX_OUTCOMES;
    if (isFull) return this.others.get(LAST_OUTCOME) ?? this.#add(LAST_OUTCOME, 'other', 'other');
    return this.#add(key, String(status), reason);
  }

  #add(key: string, status: string, reason: string): Outcome {
    const outcome = newOutcome(status, reason);
    this.others.set(key, outcome);
    return outcome;
  }
}

const LAST_OUTCOME = 'other';

class ServerMetrics {
  readonly name: string;
  readonly methods = new Map<string, Operation>();
  readonly tools = new Map<string, Operation>();
  readonly before = new LatencyHistogram();
  readonly after = new LatencyHistogram();

  constructor(name: string) {
    this.name = name;
  }
}

export interface RequestMetricsOptions {
  readonly isServer: (server: string) => boolean;
  /** Whether the server listed this tool. */
  readonly isTool: (server: string, tool: string) => boolean;
}

export class RequestMetrics {
  readonly #options: RequestMetricsOptions;
  readonly #servers = new Map<string, ServerMetrics>();
  #touched: Operation[] = [];

  constructor(options: RequestMetricsOptions) {
    this.#options = options;
  }

  record(record: RequestRecord): void {
    const server = this.#server(record.server);
    const operation = this.#operation(server, record);
    if (!operation.isTouched) {
      operation.isTouched = true;
      this.#touched.push(operation);
    }
    const outcome = operation.outcome(record);
    outcome.count += 1;
    outcome.bytes += record.bytes;
    // How long somebody listened is no latency of anything.
    if (record.isListening) return;
    outcome.total.record(record.totalMs);
    if (record.upstreamMs > 0) outcome.upstream.record(record.upstreamMs);
    if (record.beforeMs < 0) return;
    server.before.record(record.beforeMs);
    const { totalMs, queueMs, beforeMs, upstreamMs } = record;
    server.after.record(Math.max(0, totalMs - queueMs - beforeMs - upstreamMs));
  }

  /** What happened since the last time. */
  report(writer: DeltaWriter): void {
    const touched = this.#touched;
    this.#touched = [];
    for (const operation of touched) {
      operation.isTouched = false;
      reportOutcome(writer, operation, operation.ok);
      for (const outcome of operation.others.values()) reportOutcome(writer, operation, outcome);
    }
    for (const { name, before, after } of this.#servers.values()) {
      writer.histogram(OVERHEAD, before, [name, 'request']);
      writer.histogram(OVERHEAD, after, [name, 'response']);
      // All of it is told by now, and it may be gone for good.
      if (name !== UNKNOWN_SERVER && !this.#options.isServer(name)) this.#servers.delete(name);
    }
  }

  #server(name: string): ServerMetrics {
    const known = this.#servers.get(name);
    if (known !== undefined) return known;
    const label = this.#options.isServer(name) ? name : UNKNOWN_SERVER;
    let server = this.#servers.get(label);
    if (server === undefined) {
      server = new ServerMetrics(label);
      this.#servers.set(label, server);
    }
    return server;
  }

  #operation(server: ServerMetrics, record: RequestRecord): Operation {
    const { httpMethod, method, target } = record;
    if (target !== null && method === 'tools/call') {
      const known = server.tools.get(target);
      if (known !== undefined) return known;
      return this.#newTool(server, target);
    }
    const name = httpMethod === 'POST' ? methodRow(method).metricsClass : httpMethod;
    let operation = server.methods.get(name);
    if (operation === undefined) {
      operation = new Operation(server.name, name, '');
      server.methods.set(name, operation);
    }
    return operation;
  }

  #newTool(server: ServerMetrics, target: string): Operation {
    const isKept = server.tools.size < MAX_TOOLS && this.#options.isTool(server.name, target);
    const name = isKept ? target : OTHER_TOOL;
    let operation = server.tools.get(name);
    if (operation === undefined) {
      operation = new Operation(server.name, 'tools/call', name);
      server.tools.set(name, operation);
    }
    return operation;
  }
}

function newOutcome(status: string, reason: string): Outcome {
  const histograms = { total: new LatencyHistogram(), upstream: new LatencyHistogram() };
  return { status, reason, count: 0, bytes: 0, ...histograms };
}

function reportOutcome(writer: DeltaWriter, operation: Operation, outcome: Outcome): void {
  if (outcome.count === 0) return;
  const { server, method, tool } = operation;
  const { status, reason } = outcome;
  writer.counter(REQUESTS, outcome.count, [server, method, status, reason]);
  writer.counter(RESPONSE_BYTES, outcome.bytes, [server]);
  outcome.count = 0;
  outcome.bytes = 0;
  const labels = [server, method, tool, errorType(status, reason)];
  writer.histogram(OPERATION, outcome.total, labels);
  writer.histogram(UPSTREAM, outcome.upstream, labels);
}

/** As OpenTelemetry has it: empty for a success, else what kind of failure. */
function errorType(status: string, reason: string): string {
  if (reason !== 'ok') return reason;
  return Number(status) >= 400 ? status : '';
}
