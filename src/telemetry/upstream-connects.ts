/**
 * Counts a worker's attempts to connect to HTTP servers: how many, how long, and why not. Connections are
 * kept for minutes, so a rate of new ones near the rate of calls says that a server closes them.
 */
import { LatencyHistogram } from './latency-histogram.js';
import type { DeltaWriter } from './metric-delta.js';

/** Families of the reports; exposition names stand in upstream-families.ts. */
export const CONNECT = 'connect';
export const CONNECT_FAILURES = 'connect_failures';

export class UpstreamConnects {
  readonly #durations = new Map<string, LatencyHistogram>();
  /** Server, tab, reason. */
  #failures = new Map<string, number>();

  /** One attempt ended; `error` is the system's, or null. `server` is a configured one. */
  ended(server: string, durationMs: number, error: Error | null): void {
    if (error !== null) {
      const key = `${server}\t${reasonOf(error)}`;
      this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
      return;
    }
    let durations = this.#durations.get(server);
    if (durations === undefined) {
      durations = new LatencyHistogram();
      this.#durations.set(server, durations);
    }
    durations.record(durationMs);
  }

  /** What happened since the last time. */
  report(writer: DeltaWriter): void {
    for (const [server, durations] of this.#durations) {
      writer.histogram(CONNECT, durations, [server]);
    }
    for (const [key, count] of this.#failures) {
      writer.counter(CONNECT_FAILURES, count, key.split('\t'));
    }
    this.#failures = new Map();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EMFILE: 'files',
  ENFILE: 'files',
};

/** A handful of words, whatever the system calls it. */
function reasonOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  if (reason !== undefined) return reason;
  return /^(?:ERR_)?(?:TLS|SSL)_|CERT|SELF_SIGNED|UNABLE_TO|EPROTO/.test(code) ? 'tls' : 'other';
}
