/**
 * A transport whose requests carry the gateway's own access token. One that has no token yet, or whose token the
 * server refuses (401: nothing was carried out), waits for a new one and is sent then, once.
 */
import { asGatewayError } from '../kernel/errors.js';
import type { GatewayError } from '../kernel/errors.js';
import type { ClientCredentials } from './client-credentials.js';
import type {
  ConnectionCounts,
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHandler,
  UpstreamTransport,
} from './transport.js';

const NO_CONNECTIONS: ConnectionCounts = { active: 0, idle: 0, connecting: 0 };

type TokenSource = Pick<ClientCredentials, 'current' | 'get' | 'afterRefusal'>;

export function withUpstreamToken(
  transport: UpstreamTransport,
  tokens: TokenSource,
): UpstreamTransport {
  return {
    outlivesConnections: transport.outlivesConnections === true,
    dispatch: (request, handler) => new TokenExchange(transport, tokens, { request, handler }),
    closeIdle: (count) => transport.closeIdle?.(count),
    connections: () => transport.connections?.() ?? NO_CONNECTIONS,
    limitConnections: (most) => transport.limitConnections?.(most),
    close: () => transport.close(),
  };
}

class TokenExchange implements UpstreamExchange, UpstreamResponseHandler {
  readonly #transport: UpstreamTransport;
  readonly #tokens: TokenSource;
  readonly #request: UpstreamRequest;
  readonly #handler: UpstreamResponseHandler;
  #sent: UpstreamExchange | null = null;
  #token = '';
  #isSecond = false;
  #isOver = false;

  constructor(
    transport: UpstreamTransport,
    tokens: TokenSource,
    call: { readonly request: UpstreamRequest; readonly handler: UpstreamResponseHandler },
  ) {
    this.#transport = transport;
    this.#tokens = tokens;
    this.#request = call.request;
    this.#handler = call.handler;
    const token = tokens.current();
    if (token === null) this.#sendWhen(tokens.get());
    else this.#send(token);
  }

  resume(): void {
    this.#sent?.resume();
  }

  abort(): void {
    this.#isOver = true;
    this.#sent?.abort();
  }

  onHead(status: number, headers: readonly string[]): void {
    if (status === 401 && !this.#isSecond) {
      const next = this.#tokens.afterRefusal(this.#token);
      if (next !== null) {
        this.#isSecond = true;
        this.#sent?.abort();
        this.#sendWhen(next);
        return;
      }
    }
    this.#handler.onHead(status, headers);
  }

  onData(chunk: Buffer): boolean {
    return this.#handler.onData(chunk);
  }

  onEnd(): void {
    this.#handler.onEnd();
  }

  onError(error: GatewayError): void {
    this.#handler.onError(error);
  }

  #sendWhen(token: Promise<string>): void {
    token.then(
      (issued) => {
        this.#send(issued);
      },
      (thrown: unknown) => {
        if (!this.#isOver) this.#handler.onError(asGatewayError(thrown));
      },
    );
  }

  #send(token: string): void {
    if (this.#isOver) return;
    this.#token = token;
    const headers = [...this.#request.headers, 'authorization', `Bearer ${token}`];
    this.#sent = this.#transport.dispatch({ ...this.#request, headers }, this);
  }
}
