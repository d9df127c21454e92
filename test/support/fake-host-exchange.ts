/** An exchange with a worker, recorded: head, bytes, and the server-sent events in them. */
import type { ErrorCode } from '../../src/kernel/errors.js';
import type { HostExchange, HostReply } from '../../src/host/host-exchange.js';

export type RequestLines = Readonly<Record<string, string | readonly string[]>>;

export interface FakeHostRequest {
  readonly method?: 'POST' | 'GET' | 'DELETE';
  /** A list: so many lines of the name. */
  readonly headers?: RequestLines;
  /** An object is sent as JSON, a string as it is. */
  readonly body?: unknown;
  readonly user?: string;
  readonly credential?: string | null;
}

export interface SeenEvent {
  readonly id: string | null;
  readonly retry: number | null;
  readonly data: string;
}

export class FakeHostExchange implements HostExchange {
  readonly request: HostExchange['request'];
  readonly reply: HostReply;
  status = 0;
  headers: readonly string[] = [];
  text = '';
  isEnded = false;
  failedWith: ErrorCode | null = null;
  heads = 0;
  /** What was written after the end or the abort: must stay empty. */
  late = '';
  /** False makes `write` report back-pressure. */
  isWritable = true;
  writes = 0;
  #isAborted = false;
  #onAbort: () => void = () => undefined;
  #onDrain: () => void = () => undefined;

  constructor(request: FakeHostRequest = {}) {
    const { body: given = {} } = request;
    const body = typeof given === 'string' ? given : JSON.stringify(given);
    const method = request.method ?? 'POST';
    this.request = {
      method,
      headers: Object.entries(request.headers ?? {}).flatMap(([name, values]) =>
        [values].flat().flatMap((value) => [name, value]),
      ),
      body: method === 'POST' ? Buffer.from(body) : null,
      user: request.user ?? 'ada',
      credential: request.credential ?? null,
    };
    this.reply = {
      head: (status, headers) => {
        this.heads += 1;
        this.status = status;
        this.headers = headers;
      },
      write: (bytes) => {
        this.writes += 1;
        if (this.isEnded || this.#isAborted) this.late += Buffer.from(bytes).toString();
        else this.text += Buffer.from(bytes).toString();
        return this.isWritable;
      },
      onDrain: (listener) => {
        this.#onDrain = listener;
      },
      end: () => {
        this.isEnded = true;
      },
      fail: (error) => {
        this.failedWith = error.code;
        this.abort();
      },
    };
  }

  onAbort(listener: () => void): void {
    this.#onAbort = listener;
  }

  abort(): void {
    this.#isAborted = true;
    this.#onAbort();
  }

  drain(): void {
    this.isWritable = true;
    this.#onDrain();
  }

  header(name: string): string | undefined {
    const at = this.headers.indexOf(name);
    return at === -1 ? undefined : this.headers[at + 1];
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.text) as Record<string, unknown>;
  }

  get error(): { code: number; message: string; data: Record<string, unknown> } {
    return this.json['error'] as { code: number; message: string; data: Record<string, unknown> };
  }

  /** Complete events; comments are skipped. */
  get events(): SeenEvent[] {
    return this.text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => !block.startsWith(':'))
      .map((block) => {
        const lines = block.split('\n');
        const field = (name: string): string | undefined =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const retry = field('retry');
        return {
          id: field('id') ?? null,
          retry: retry === undefined ? null : Number(retry),
          data: field('data') ?? '',
        };
      });
  }

  /** The JSON-RPC messages of the events, or the one of a JSON reply. */
  get messages(): Record<string, unknown>[] {
    if (this.header('content-type') === 'application/json') return [this.json];
    return this.events
      .filter((event) => event.data !== '')
      .map((event) => JSON.parse(event.data) as Record<string, unknown>);
  }
}
