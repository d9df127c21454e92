/** A flood in a thread of its own, so that making it does not delay the clock of what is measured beside it. */
import { parentPort, workerData } from 'node:worker_threads';
import { pacedLoop } from './paced-loop.js';

export interface Flood {
  readonly port: number;
  readonly path: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly headers: readonly string[];
  readonly body: string;
  /** Used in turn. */
  readonly credentials: readonly string[];
}

const flood = workerData as Flood;
const head = `POST ${flood.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${flood.headers.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(flood.body)}\r\n`;
const result = await pacedLoop({
  port: flood.port,
  perSecond: flood.perSecond,
  seconds: flood.seconds,
  connections: 64,
  request: (n) => {
    const credential = flood.credentials[n % flood.credentials.length] ?? '';
    return `${head}Authorization: Bearer ${credential}\r\n\r\n${flood.body}`;
  },
});
parentPort?.postMessage(result);
