/**
 * A closed-loop load on raw sockets: each connection sends a call, waits for its whole answer, checks
 * the bytes, and sends the next. Bounded in calls and time; only ever to 127.0.0.1.
 */
import { connect } from 'node:net';
import { readAnswer } from './read-answer.js';

export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  readonly headers: readonly string[];
  /** Of the n-th call, besides `headers`. */
  readonly headersOf?: (n: number) => readonly string[];
  readonly connections: number;
  readonly calls: number;
  readonly timeLimitMs: number;
  /** The JSON-RPC body of the n-th call. */
  readonly body: (n: number) => string;
  /** Whether this is the right answer to the n-th call. */
  readonly isRight: (n: number, status: number, body: string) => boolean;
}

export interface LoadResult {
  readonly right: number;
  readonly wrong: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function closedLoop(options: LoadOptions): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const byStatus: Record<string, number> = {};
  let sent = 0;
  let right = 0;
  let wrong = 0;
  let lost = 0;
  const startedAtMs = performance.now();
  const isTimeUp = (): boolean => performance.now() - startedAtMs > options.timeLimitMs;

  const runConnection = (): Promise<void> =>
    new Promise((resolve) => {
      let n = -1;
      let sentAtMs = 0;
      let received: Buffer = Buffer.alloc(0);
      const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
      const next = (): void => {
        if (sent >= options.calls || isTimeUp()) {
          n = -1;
          socket.end();
          return;
        }
        n = sent;
        sent += 1;
        sentAtMs = performance.now();
        socket.write(requestBytes(options, n));
      };
      socket.once('connect', next);
      socket.on('data', (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const answer = readAnswer(received);
        if (answer === null || n === -1) return;
        received = Buffer.alloc(0);
        latenciesMs.push(performance.now() - sentAtMs);
        byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1;
        if (options.isRight(n, answer.status, answer.body)) right += 1;
        else wrong += 1;
        next();
      });
      socket.once('error', () => undefined);
      socket.once('close', () => {
        if (n !== -1) lost += 1;
        resolve();
      });
    });

  await Promise.all(Array.from({ length: options.connections }, runConnection));
  latenciesMs.sort((a, b) => a - b);
  const quantile = (q: number): number => latenciesMs[Math.floor(latenciesMs.length * q)] ?? 0;
  return {
    right,
    wrong,
    byStatus,
    lost,
    elapsedMs: performance.now() - startedAtMs,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}

function requestBytes(options: LoadOptions, n: number): string {
  const { path, headersOf, body } = options;
  const text = body(n);
  const headers = headersOf === undefined ? options.headers : [...options.headers, ...headersOf(n)];
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
