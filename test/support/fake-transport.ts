/** An upstream without a socket: a test answers each exchange by hand. */
import { EventEmitter, once } from 'node:events';
import type {
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHandler,
  UpstreamTransport,
} from '../../src/upstream/transport.js';

export class FakeCall implements UpstreamExchange {
  readonly request: UpstreamRequest;
  readonly handler: UpstreamResponseHandler;
  isAborted = false;
  resumes = 0;

  constructor(request: UpstreamRequest, handler: UpstreamResponseHandler) {
    this.request = request;
    this.handler = handler;
  }

  resume(): void {
    this.resumes += 1;
  }

  abort(): void {
    this.isAborted = true;
  }

  /** A whole JSON answer at once. */
  answer(body: unknown, status = 200, headers: readonly string[] = []): void {
    this.handler.onHead(status, ['content-type', 'application/json', ...headers]);
    this.handler.onData(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
    this.handler.onEnd();
  }

  beginEvents(): void {
    this.handler.onHead(200, ['content-type', 'text/event-stream']);
  }

  event(message: unknown): boolean {
    return this.handler.onData(Buffer.from(`event: message\ndata: ${JSON.stringify(message)}\n\n`));
  }
}

export class FakeTransport implements UpstreamTransport {
  readonly calls: FakeCall[] = [];
  readonly #events = new EventEmitter();

  dispatch(request: UpstreamRequest, handler: UpstreamResponseHandler): UpstreamExchange {
    const call = new FakeCall(request, handler);
    this.calls.push(call);
    this.#events.emit('call');
    return call;
  }

  /** The n-th call, waited for. */
  async call(index = 0): Promise<FakeCall> {
    for (;;) {
      const call = this.calls[index];
      if (call !== undefined) return call;
      await once(this.#events, 'call');
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
