/**
 * HTTP/1.1 on a bare socket: sends exactly the bytes of a test, reads replies off the wire with no
 * client in between that would repair, reorder or hide anything. Every wait has a deadline.
 */
import { connect, type Socket } from 'node:net';

const DEFAULT_WAIT_MS = 8_000;
const SHORT_BYTES = 100_000;
const PAUSE_MS = 10;

export interface RawReply {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; a repeated field is joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly head: string;
  readonly body: string;
}

interface ParsedReply {
  readonly reply: RawReply;
  readonly bytes: number;
}

function parseChunked(text: string): { body: string; bytes: number } | undefined {
  let at = 0;
  let body = '';
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`bad chunk size: ${text.slice(at, lineEnd)}`);
    const dataEnd = lineEnd + 2 + size;
    if (text.length < dataEnd + 2) return undefined;
    if (text.slice(dataEnd, dataEnd + 2) !== '\r\n') throw new Error('chunk without its CRLF');
    if (size === 0) return { body, bytes: dataEnd + 2 };
    body += text.slice(lineEnd + 2, dataEnd);
    at = dataEnd + 2;
  }
}

/** One reply at the start of `text`, or undefined while it is incomplete. */
function parseReply(text: string, isClosed: boolean, isHead: boolean): ParsedReply | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(statusLine);
  if (match === null) throw new Error(`not a status line: ${statusLine}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const status = Number(match[1]);
  const finish = (body: string, bodyBytes: number): ParsedReply => ({
    reply: { status, reason: match[2] ?? '', headers, head, body },
    bytes: headEnd + 4 + bodyBytes,
  });
  if (isHead || status < 200 || status === 204 || status === 304) return finish('', 0);
  const length = headers.get('content-length');
  if (length !== undefined) {
    const bytes = Number(length);
    return text.length < headEnd + 4 + bytes
      ? undefined
      : finish(text.slice(headEnd + 4, headEnd + 4 + bytes), bytes);
  }
  const rest = text.slice(headEnd + 4);
  if (headers.get('transfer-encoding') === 'chunked') {
    const chunked = parseChunked(rest);
    return chunked === undefined ? undefined : finish(chunked.body, chunked.bytes);
  }
  return isClosed ? finish(rest, rest.length) : undefined;
}

export class RawClient {
  readonly socket: Socket;
  isClosed = false;
  #text = '';
  /** Came since `#text` was last asked for. */
  #fresh: Buffer[] = [];
  #freshBytes = 0;
  #pause: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay();
    socket.on('data', (bytes: Buffer) => {
      this.#fresh.push(bytes);
      this.#freshBytes += bytes.length;
      // A long body is put together and looked at when it pauses, not at every packet.
      clearTimeout(this.#pause);
      if (this.#text.length + this.#freshBytes < SHORT_BYTES) this.#wake();
      else
        this.#pause = setTimeout(() => {
          this.#wake();
        }, PAUSE_MS);
    });
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#wake();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
    // A reset is one of the ways in which a server closes; tests look at what came before it.
    socket.on('error', () => undefined);
  }

  /** Latin-1 text of everything that came and was not yet taken as a reply. */
  get received(): string {
    if (this.#fresh.length > 0) {
      this.#text += Buffer.concat(this.#fresh).toString('latin1');
      this.#fresh = [];
      this.#freshBytes = 0;
    }
    return this.#text;
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const client = new RawClient(socket);
    await client.#until(() => !socket.connecting || client.isClosed, 'connected');
    return client;
  }

  /** Text is sent as latin-1, so that '\xff' is one byte. */
  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next reply, as soon as it is whole. Rejects when the connection closes without one. */
  async reply(options: { isHead?: boolean; waitMs?: number } = {}): Promise<RawReply> {
    const isHead = options.isHead ?? false;
    const isOver = (): boolean => this.isClosed || this.#hasEnded;
    let parsed: ParsedReply | undefined;
    await this.#until(
      () => {
        parsed = parseReply(this.received, isOver(), isHead);
        return parsed !== undefined || isOver();
      },
      'a reply',
      options.waitMs,
    );
    if (parsed === undefined) {
      throw new Error(`closed without a whole reply: ${this.#shown()}`);
    }
    this.#text = this.received.slice(parsed.bytes);
    return parsed.reply;
  }

  /** All replies up to the end of the connection. */
  async repliesUntilClosed(): Promise<RawReply[]> {
    await this.ended();
    const replies: RawReply[] = [];
    for (;;) {
      const parsed = parseReply(this.received, true, false);
      if (parsed === undefined) return replies;
      this.#text = this.received.slice(parsed.bytes);
      replies.push(parsed.reply);
    }
  }

  async text(expected: string | RegExp): Promise<string> {
    const isThere = (): boolean =>
      typeof expected === 'string'
        ? this.received.includes(expected)
        : expected.test(this.received);
    await this.#until(() => isThere() || this.isClosed, `text ${String(expected)}`);
    if (!isThere()) throw new Error(`closed before ${String(expected)}: ${this.#shown()}`);
    return this.received;
  }

  /** The server closed its side, cleanly or by reset. */
  async ended(waitMs?: number): Promise<void> {
    await this.#until(() => this.#hasEnded || this.isClosed, 'the end', waitMs);
  }

  /** Sends FIN; still reads. */
  halfClose(): void {
    this.socket.end();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #shown(): string {
    return `${this.received.length} bytes ${JSON.stringify(this.received.slice(0, 300))}`;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #until(isDone: () => boolean, what: string, waitMs = DEFAULT_WAIT_MS): Promise<void> {
    const limit = AbortSignal.timeout(waitMs);
    const onTimeout = (): void => {
      this.#wake();
    };
    limit.addEventListener('abort', onTimeout);
    this.socket.once('connect', onTimeout);
    try {
      while (!isDone()) {
        if (limit.aborted) {
          throw new Error(`no ${what} within ${waitMs} ms; got ${this.#shown()}`);
        }
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      limit.removeEventListener('abort', onTimeout);
    }
  }
}
