/**
 * All at once: opens every connection first, then sends one call on each in the same moment, and waits
 * for every answer. Tells right, refused (with a Retry-After or without), wrong, reset and unanswered
 * ones apart. Only ever to 127.0.0.1.
 */
import { connect, type Socket } from 'node:net';
import { readAnswer } from './read-answer.js';

export interface BurstOptions {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  /** Headers of the call on the n-th connection. */
  readonly headers: (n: number) => readonly string[];
  readonly body: (n: number) => string;
  readonly isRight: (n: number, status: number, body: string) => boolean;
  /** From the first byte sent; what has no answer then counts as unanswered. */
  readonly timeLimitMs: number;
  /** When all connections are open and nothing is sent yet. */
  readonly onOpen?: () => void;
}

export interface BurstResult {
  readonly right: number;
  /** 429 and 503 that say when to come again. */
  readonly refused: number;
  /** Everything else that was answered. */
  readonly wrong: number;
  readonly reset: number;
  readonly unanswered: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const OPEN_AT_ONCE = 250;
const OPEN_TIMEOUT_MS = 10_000;

export async function burst(options: BurstOptions): Promise<BurstResult> {
  const sockets = await openAll(options);
  options.onOpen?.();
  const count = { right: 0, refused: 0, wrong: 0, reset: 0 };
  const latenciesMs: number[] = [];
  const startedAtMs = performance.now();
  await new Promise<void>((resolve) => {
    let left = sockets.length;
    const timer = setTimeout(resolve, options.timeLimitMs);
    const settle = (): void => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(timer);
      resolve();
    };
    for (const [n, socket] of sockets.entries()) {
      let received: Buffer = Buffer.alloc(0);
      let isDone = false;
      socket.on('data', (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const answer = readAnswer(received);
        if (answer === null || isDone) return;
        isDone = true;
        const { status, head, body } = answer;
        if (options.isRight(n, status, body)) {
          count.right += 1;
          latenciesMs.push(performance.now() - startedAtMs);
        } else if ((status === 429 || status === 503) && /\r\nretry-after: *\d+/i.test(head)) {
          count.refused += 1;
        } else count.wrong += 1;
        settle();
      });
      socket.once('close', () => {
        if (isDone) return;
        isDone = true;
        count.reset += 1;
        settle();
      });
      const body = options.body(n);
      socket.write(
        `POST ${options.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${options.headers(n).join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    }
  });
  const elapsedMs = performance.now() - startedAtMs;
  for (const socket of sockets) socket.destroy();
  latenciesMs.sort((a, b) => a - b);
  const answered = count.right + count.refused + count.wrong + count.reset;
  return {
    ...count,
    unanswered: sockets.length - answered,
    elapsedMs,
    p50Ms: latenciesMs[Math.floor(latenciesMs.length * 0.5)] ?? NaN,
    p99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)] ?? NaN,
  };
}

/** In groups, so that the listen queue is not what is measured. */
export async function openAll(options: {
  readonly port: number;
  readonly connections: number;
}): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < options.connections) {
    const size = Math.min(OPEN_AT_ONCE, options.connections - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: size }, () => open(options.port)))));
  }
  return sockets;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy(new Error('a connection was not accepted in time'));
    }, OPEN_TIMEOUT_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.on('error', reject);
  });
}
