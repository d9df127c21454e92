/**
 * A closed-loop load on raw sockets: each connection sends a call, waits for its whole answer, checks
 * the bytes, and sends the next. Bounded in calls and time; only ever to 127.0.0.1.
 */
import { connect } from 'node:net';

export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  readonly headers: readonly string[];
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

function requestBytes({ path, headers, body }: LoadOptions, n: number): string {
  const text = body(n);
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** Status and body of a whole answer; null while bytes are missing. Reads Content-Length and chunked. */
function readAnswer(bytes: Buffer): { readonly status: number; readonly body: string } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const rest = bytes.subarray(headEnd + 4);
  if (length !== undefined) {
    if (rest.length < Number(length)) return null;
    return { status, body: rest.toString('utf8', 0, Number(length)) };
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { status, body: '' };
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = parseInt(rest.toString('latin1', at, lineEnd), 16);
    const chunkEnd = lineEnd + 2 + size;
    if (rest.length < chunkEnd + 2) return null;
    if (size === 0) return { status, body };
    body += rest.toString('utf8', lineEnd + 2, chunkEnd);
    at = chunkEnd + 2;
  }
}
