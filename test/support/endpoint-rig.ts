/** An endpoint with a played server, a played clock, and clients of both eras. */
import { createEndpoint, type StreamableEndpoint } from '../../src/host/streamable-endpoint.js';
import type { EndpointOptions } from '../../src/host/endpoint-options.js';
import { FakeChannelSource, type FakeChannel } from './fake-channel.js';
import { FakeHostExchange, type FakeHostRequest, type RequestLines } from './fake-host-exchange.js';

export const MODERN = '2026-07-28';
const BOTH = 'application/json, text/event-stream';

export class EndpointRig {
  readonly source = new FakeChannelSource();
  readonly endpoint: StreamableEndpoint;
  readonly logged: string[] = [];
  nowMs = 1000;

  constructor(options: Partial<EndpointOptions> = {}) {
    const note = (_fields: object, message: string): void => {
      this.logged.push(message);
    };
    this.endpoint = createEndpoint(this.source, {
      era: 'auto',
      hostId: 'h0',
      heartbeatMs: 15_000,
      sessionIdleMs: 300_000,
      maxSessions: 100,
      maxSessionsPerUser: 50,
      maxStreamsPerSession: 2000,
      eventStoreMaxEvents: 100,
      eventStoreMaxBytes: 64 * 1024,
      probeTimeoutMs: 2000,
      requestTimeoutMs: 30_000,
      log: { debug: note, info: note, warn: note },
      now: () => this.nowMs,
      ...options,
    });
  }

  send(request: FakeHostRequest): FakeHostExchange {
    const exchange = new FakeHostExchange({
      ...request,
      headers: { accept: BOTH, 'x-request-id': 'req-1', ...request.headers },
    });
    this.endpoint.handle(exchange);
    return exchange;
  }

  /** Lets time pass, and the endpoint notice. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.endpoint.sweep(this.nowMs);
  }

  // --- legacy ---

  /** A session whose handshake the server answered. */
  openSession(options: { user?: string; version?: string } = {}): LegacyClient {
    const { user = 'ada', version = '2025-06-18' } = options;
    const exchange = this.send({ user, body: initialize(version) });
    const channel = this.source.newest('session');
    channel.answer(channel.lastRequest('initialize'), { protocolVersion: version });
    const sessionId = exchange.header('mcp-session-id') ?? '';
    return new LegacyClient(this, { user, version, sessionId, channel });
  }

  // --- modern ---

  /** Any modern request or notification; headers must be right for the endpoint only. */
  modern(body: object, options: Omit<FakeHostRequest, 'body'> = {}): FakeHostExchange {
    const headers = { 'mcp-protocol-version': MODERN, ...options.headers };
    return this.send({ ...options, body, headers });
  }

  get shared(): FakeChannel {
    return this.source.newest('shared');
  }
}

export interface LegacyClientOptions {
  readonly user: string;
  readonly version: string;
  readonly sessionId: string;
  readonly channel: FakeChannel;
}

export class LegacyClient {
  readonly #rig: EndpointRig;
  readonly user: string;
  readonly version: string;
  readonly sessionId: string;
  readonly channel: FakeChannel;

  constructor(rig: EndpointRig, options: LegacyClientOptions) {
    this.#rig = rig;
    this.user = options.user;
    this.version = options.version;
    this.sessionId = options.sessionId;
    this.channel = options.channel;
  }

  post(body: unknown, headers: RequestLines = {}): FakeHostExchange {
    return this.#rig.send({ user: this.user, body, headers: { ...this.#headers(), ...headers } });
  }

  call(id: string | number, params: object = {}): FakeHostExchange {
    return this.post({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 't', ...params },
    });
  }

  notify(method: string, params: object = {}): FakeHostExchange {
    return this.post({ jsonrpc: '2.0', method, params });
  }

  get(headers: Readonly<Record<string, string>> = {}): FakeHostExchange {
    return this.#rig.send({
      method: 'GET',
      user: this.user,
      headers: { ...this.#headers(), ...headers },
    });
  }

  resume(lastEventId: string): FakeHostExchange {
    return this.get({ 'last-event-id': lastEventId });
  }

  delete(): FakeHostExchange {
    return this.#rig.send({ method: 'DELETE', user: this.user, headers: this.#headers() });
  }

  #headers(): Record<string, string> {
    return { 'mcp-session-id': this.sessionId, 'mcp-protocol-version': this.version };
  }
}

export function initialize(version: string, id: string | number = 0): object {
  const clientInfo = { name: 'test', version: '1' };
  const params = { protocolVersion: version, capabilities: {}, clientInfo };
  return { jsonrpc: '2.0', id, method: 'initialize', params };
}

export function modernRequest(
  id: string | number,
  method: string,
  params: object = {},
  meta: object = {},
): object {
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...envelope(), ...meta } } };
}

export function envelope(): Record<string, unknown> {
  return {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
}

/** Lets promises that are already settled take effect. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}
