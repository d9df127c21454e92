/**
 * How a server of legacy revisions is asked whether it is well, without leaving a session behind: over an
 * instance that serves someone now, or, when none does, over one of its own that is ended at once. The
 * second is a process started for nothing, so what it proved holds for a while.
 * Only the gateway itself asks: a `ping` of no session and no user.
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { errorOf, memberOf } from '../mcp/message-members.js';
import { LATEST_LEGACY_VERSION } from '../mcp/versions.js';
import type { JsonRpcId, ScannedBody } from '../mcp/scan-message.js';
import { CHECK_META, MAX_CHECKED_TOOLS, type LegacyCheckAnswer } from '../mcp/check-meta.js';
import type { Channel, ChannelSource } from './channel.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { ExchangeReply } from './exchange-reply.js';
import type { HostExchange } from './host-exchange.js';
import { readServerMessage } from './server-message.js';

/** What of a session is needed: whether its server answers. `onEnd` is called once; returns how to give up. */
export interface Pingable {
  ping(onEnd: (error: GatewayError | null) => void): () => void;
}

export interface LegacyCheckOptions {
  readonly source: ChannelSource;
  readonly endpoint: EndpointOptions;
  /** A session whose server runs; undefined when there is none. */
  readonly anySession: () => Pingable | undefined;
}

/** Chosen: a process that is started every ten minutes costs little, a server unseen for hours much. */
const PROVEN_MS = 600_000;

export class LegacyCheck {
  readonly #options: LegacyCheckOptions;
  #provenUntilMs = -Infinity;

  constructor(options: LegacyCheckOptions) {
    this.#options = options;
  }

  /** Answers `clientId`; throws or answers with a GatewayError when the server is not well. */
  answer(reply: ExchangeReply, clientId: JsonRpcId): void {
    const session = this.#options.anySession();
    if (session !== undefined) this.#ping(session, reply, clientId);
    else if (this.#options.endpoint.now() < this.#provenUntilMs) {
      answerWith(reply, clientId, { by: 'idle', tools: null });
    } else this.#tryInstance(reply, clientId);
  }

  #ping(session: Pingable, reply: ExchangeReply, clientId: JsonRpcId): void {
    const giveUp = session.ping((error) => {
      if (error === null) answerWith(reply, clientId, { by: 'session', tools: null });
      else reply.error(error, clientId);
    });
    reply.onAbort(giveUp);
  }

  #tryInstance(reply: ExchangeReply, clientId: JsonRpcId): void {
    const instance = new CheckedInstance(this.#options.source, (tools) => {
      if (tools instanceof GatewayError) {
        this.#provenUntilMs = -Infinity;
        reply.error(tools, clientId);
      } else {
        this.#provenUntilMs = this.#options.endpoint.now() + PROVEN_MS;
        answerWith(reply, clientId, { by: 'instance', tools });
      }
    });
    reply.onAbort(() => {
      instance.end();
    });
    instance.start();
  }
}

/** A `ping` that no client can send: it names no session, and no client is nobody. */
export function isCheck(
  { request }: HostExchange,
  body: ScannedBody,
): body is Extract<ScannedBody, { isBatch: false }> {
  if (request.user !== '' || body.isBatch) return false;
  const { message } = body;
  return message.kind === 'request' && message.method === 'ping' && !message.hasEnvelope;
}

function answerWith(reply: ExchangeReply, id: JsonRpcId, answer: LegacyCheckAnswer): void {
  const result = { _meta: { [CHECK_META]: answer } };
  reply.json(200, Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result })));
}

const INITIALIZE_ID = 1;
const TOOLS_ID = 2;

/** Opens an instance, shakes hands, asks for the tools, ends it. Told once how it went. */
class CheckedInstance {
  readonly #source: ChannelSource;
  readonly #onEnd: (tools: readonly string[] | GatewayError) => void;
  #channel: Channel | null = null;
  #isOver = false;

  constructor(source: ChannelSource, onEnd: (tools: readonly string[] | GatewayError) => void) {
    this.#source = source;
    this.#onEnd = onEnd;
  }

  start(): void {
    try {
      this.#channel = this.#source.open(
        { purpose: 'probe', user: '', credential: null },
        {
          onMessage: (bytes) => {
            this.#onMessage(bytes);
          },
          onClose: (error) => {
            this.#finish(error);
          },
        },
      );
    } catch (thrown) {
      this.#finish(asGatewayError(thrown));
      return;
    }
    // It may have ended inside `open`.
    if (this.#isOver) this.#close();
    else
      this.#send(INITIALIZE_ID, 'initialize', {
        protocolVersion: LATEST_LEGACY_VERSION,
        capabilities: {},
        clientInfo: { name: 'multi-mcp-server', version: '1' },
      });
  }

  /** Nobody waits any more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#close();
  }

  #onMessage(bytes: Buffer): void {
    const read = readServerMessage(bytes);
    if (this.#isOver || read.kind === 'malformed' || read.message.kind !== 'response') return;
    const { message } = read;
    if (message.id === INITIALIZE_ID) {
      if (message.isError) this.#finish(refused(memberOf(errorOf(message), 'message')));
      else this.#onInitialized(JSON.parse(bytes.toString()) as unknown);
    } else if (message.id === TOOLS_ID) {
      this.#finish(message.isError ? [] : toolNames(JSON.parse(bytes.toString()) as unknown));
    }
  }

  #onInitialized(body: unknown): void {
    const capabilities = memberOf(memberOf(body, 'result'), 'capabilities');
    this.#send(null, 'notifications/initialized', undefined);
    if (memberOf(capabilities, 'tools') === undefined) this.#finish([]);
    else this.#send(TOOLS_ID, 'tools/list', {});
  }

  #send(id: number | null, method: string, params: object | undefined): void {
    const message = { jsonrpc: '2.0', ...(id !== null && { id }), method, params };
    this.#channel?.send(Buffer.from(JSON.stringify(message)), { user: '', credential: null });
  }

  #finish(result: readonly string[] | GatewayError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(result);
    this.#close();
  }

  #close(): void {
    this.#channel?.close().catch(() => undefined); // Its source keeps the books of what is left.
  }
}

function refused(message: unknown): GatewayError {
  const hint = typeof message === 'string' ? message.slice(0, 200) : 'It refused to initialize.';
  return new GatewayError('GW_UPSTREAM_PROTOCOL', { hint });
}

function toolNames(body: unknown): readonly string[] {
  const tools = memberOf(memberOf(body, 'result'), 'tools');
  if (!Array.isArray(tools)) return [];
  return (tools as unknown[])
    .map((tool) => memberOf(tool, 'name'))
    .filter((name) => typeof name === 'string')
    .slice(0, MAX_CHECKED_TOOLS);
}
