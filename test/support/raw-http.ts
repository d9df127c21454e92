/**
 * HTTP/1.1 as bytes: what no client library would send, and exactly what came back. A reply ends with
 * its Content-Length, its last chunk, or the connection.
 */
import { connect } from 'node:net';
import { within } from './until.js';

const REPLY_DEADLINE_MS = 30_000;

export interface RawReply {
  /** 0 when the connection was closed without a reply. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Whether the other side closed the connection. */
  readonly isClosed: boolean;
}

/** Sends `bytes` (latin1) and resolves with the first reply. Half-closes nothing. */
export async function rawRequest(port: number, bytes: string | Buffer): Promise<RawReply> {
  const socket = connect(port, '127.0.0.1');
  let received = Buffer.alloc(0);
  const reply = new Promise<RawReply>((resolve, reject) => {
    const finish = (isClosed: boolean): void => {
      const parsed = parseReply(received, isClosed);
      if (parsed !== undefined) resolve(parsed);
    };
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      finish(false);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') finish(true);
      else reject(error);
    });
    socket.on('close', () => {
      finish(true);
    });
  });
  try {
    socket.write(bytes);
    return await within(REPLY_DEADLINE_MS, 'a reply', reply);
  } finally {
    socket.destroy();
  }
}

/** One JSON-RPC message under an API key, as bytes. */
export function rawMessage(
  server: string,
  key: string,
  { message, headers }: { message: object; headers: Readonly<Record<string, string>> },
): string {
  const body = JSON.stringify(message);
  const fields = {
    ...headers,
    host: 'localhost',
    authorization: `Bearer ${key}`,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /${server}/mcp HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

const NOTHING: RawReply = { status: 0, headers: new Map(), body: '', isClosed: true };

function parseReply(bytes: Buffer, isClosed: boolean): RawReply | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return isClosed ? NOTHING : undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(statusLine.split(' ')[1]);
  const rest = bytes.subarray(end + 4);
  const length = headers.get('content-length');
  if (length !== undefined) {
    if (rest.length < Number(length) && !isClosed) return undefined;
    return { status, headers, body: rest.toString('utf8'), isClosed };
  }
  if (headers.get('transfer-encoding') === 'chunked') {
    if (!rest.includes('0\r\n\r\n') && !isClosed) return undefined;
    return { status, headers, body: dechunk(rest), isClosed };
  }
  const hasNoBody = status === 204 || status === 202 || status === 304;
  if (!isClosed && !hasNoBody) return undefined;
  return { status, headers, body: rest.toString('utf8'), isClosed };
}

function dechunk(bytes: Buffer): string {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = lineEnd === -1 ? 0 : parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(chunks).toString('utf8');
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
