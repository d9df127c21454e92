/**
 * A server at the other end of channels, played by the test: it sees what was sent, says what the test
 * lets it say, and crashes on command. Nothing happens by itself and nothing is asynchronous.
 */
import type {
  Channel,
  ChannelListener,
  ChannelOwner,
  ChannelSource,
  MessageOrigin,
} from '../../src/host/channel.js';
import { GatewayError } from '../../src/kernel/errors.js';

export interface SentMessage {
  readonly jsonrpc: string;
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Record<string, unknown> & { readonly _meta?: Record<string, unknown> };
  readonly result?: unknown;
  readonly error?: unknown;
}

export class FakeChannel implements Channel {
  readonly owner: ChannelOwner;
  readonly listener: ChannelListener;
  /** Parsed, in order. */
  readonly sent: SentMessage[] = [];
  /** The same as text: must be one line each. */
  readonly lines: string[] = [];
  readonly origins: MessageOrigin[] = [];
  readonly cancelled: (string | number)[] = [];
  isClosed = false;
  /** False makes `send` report back-pressure from then on. */
  takesMessages = true;
  #onWritable: (() => void)[] = [];

  constructor(owner: ChannelOwner, listener: ChannelListener) {
    this.owner = owner;
    this.listener = listener;
  }

  send(message: Uint8Array, origin: MessageOrigin): boolean {
    const line = Buffer.from(message).toString();
    this.lines.push(line);
    this.sent.push(JSON.parse(line) as SentMessage);
    this.origins.push(origin);
    return this.takesMessages;
  }

  writable(): Promise<void> {
    return new Promise((resolve) => this.#onWritable.push(resolve));
  }

  cancel(id: string | number): void {
    this.cancelled.push(id);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  // --- the server's side ---

  get last(): SentMessage {
    return this.sent.at(-1) ?? { jsonrpc: '' };
  }

  requests(method?: string): SentMessage[] {
    return this.sent.filter(
      (each) =>
        each.id !== undefined &&
        each.method !== undefined &&
        (method === undefined || each.method === method),
    );
  }

  lastRequest(method?: string): SentMessage {
    const request = this.requests(method).at(-1);
    if (request === undefined) throw new Error(`no request ${method ?? ''} was sent`);
    return request;
  }

  notifications(method: string): SentMessage[] {
    return this.sent.filter((each) => each.id === undefined && each.method === method);
  }

  say(message: object | string, relatedId?: string | number): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.listener.onMessage(Buffer.from(text), relatedId);
  }

  answer(request: SentMessage, result: unknown = {}): void {
    this.say({ jsonrpc: '2.0', id: request.id, result });
  }

  answerError(request: SentMessage, code: number, data?: unknown): void {
    const error = { code, message: `error ${code}`, ...(data === undefined ? {} : { data }) };
    this.say({ jsonrpc: '2.0', id: request.id, error });
  }

  notify(method: string, params: object, relatedId?: string | number): void {
    this.say({ jsonrpc: '2.0', method, params }, relatedId);
  }

  crash(error = new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint: 'exit code 1' })): void {
    this.isClosed = true;
    this.listener.onClose(error);
    this.becomeWritable();
  }

  becomeWritable(): void {
    this.takesMessages = true;
    const waiting = this.#onWritable;
    this.#onWritable = [];
    for (const resolve of waiting) resolve();
  }
}

export class FakeChannelSource implements ChannelSource {
  readonly channels: FakeChannel[] = [];
  /** Thrown by the next `open`. */
  openError: GatewayError | null = null;
  /** Plays the server for each new channel before anything is sent on it. */
  onOpen: (channel: FakeChannel) => void = () => undefined;
  isClosed = false;
  isLoading = false;
  maxChannels = Number.POSITIVE_INFINITY;

  get isFull(): boolean {
    return this.openCount >= this.maxChannels;
  }

  get openCount(): number {
    return this.channels.filter((channel) => !channel.isClosed).length;
  }

  open(owner: ChannelOwner, listener: ChannelListener): Channel {
    if (this.openError !== null) throw this.openError;
    if (this.isFull) throw new GatewayError('GW_BULKHEAD_FULL');
    const channel = new FakeChannel(owner, listener);
    this.channels.push(channel);
    this.onOpen(channel);
    return channel;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  of(purpose: ChannelOwner['purpose']): FakeChannel[] {
    return this.channels.filter((channel) => channel.owner.purpose === purpose);
  }

  /** The newest channel of that purpose. */
  newest(purpose: ChannelOwner['purpose']): FakeChannel {
    const channel = this.of(purpose).at(-1);
    if (channel === undefined) throw new Error(`no ${purpose} channel was opened`);
    return channel;
  }
}
