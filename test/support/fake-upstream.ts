/**
 * A fast MCP server over streamable HTTP on bare node:http that does what the test says. It records
 * every HTTP request, how many tool calls it served at once, and which it executed. Speaks 2025
 * sessions and 2026-07-28. Its one tool, `echo`, returns its argument `value` as JSON text.
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { behave, type Behaviour } from './fake-behaviour.js';
import {
  LEGACY,
  MODERN,
  isModern,
  parseMessage,
  rpcError,
  sendJson,
  type Message,
} from './fake-messages.js';

export type { Behaviour } from './fake-behaviour.js';

export interface SeenRequest {
  readonly httpMethod: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Undefined when the body is no JSON object. */
  readonly message: Message | undefined;
}

export interface FakeUpstreamOptions {
  /** Default: both. What it does not speak, it answers as a server of the other era would. */
  readonly eras?: readonly ('legacy' | 'modern')[];
  /** Default: any free port. */
  readonly port?: number;
}

export interface FakeUpstream {
  readonly url: string;
  readonly port: number;
  /** Everything received, in order of arrival. */
  readonly requests: SeenRequest[];
  /** The tool calls that were executed: their `value` arguments, in order of execution. */
  readonly executed: unknown[];
  /** Tool calls whose reply is not over, and the most there ever were. */
  inFlight(): number;
  maxInFlight(): number;
  /** Decides for every tool call from now on; other requests are answered properly. */
  onCall(decide: (request: SeenRequest) => Behaviour): void;
  /** Decides for every request from now on; undefined leaves it to `onCall`. */
  onRequest(decide: (request: SeenRequest) => Behaviour | undefined): void;
  /** Resolves when `count` tool calls have arrived since the start or `forget`. */
  untilCalls(count: number): Promise<void>;
  /** Forgets what was recorded. */
  forget(): void;
  close(): Promise<void>;
}

export async function startFakeUpstream(options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
  const eras = options.eras ?? ['legacy', 'modern'];
  const sessions = new Set<string>();
  const requests: SeenRequest[] = [];
  const executed: unknown[] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  let calls = 0;
  let inFlight = 0;
  let maxInFlight = 0;
  let decideCall: (request: SeenRequest) => Behaviour = () => ({ kind: 'answer' });
  let decideRequest: (request: SeenRequest) => Behaviour | undefined = () => undefined;

  const noteCall = (outgoing: ServerResponse): void => {
    calls += 1;
    inFlight += 1;
    maxInFlight = Math.max(maxInFlight, inFlight);
    outgoing.once('close', () => {
      inFlight -= 1;
    });
    const due = waiting.filter(({ count }) => count <= calls);
    waiting = waiting.filter(({ count }) => count > calls);
    for (const { resolve } of due) resolve();
  };

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await readBody(incoming);
    const message = parseMessage(body);
    const { method: httpMethod = '', url = '', headers } = incoming;
    const seen: SeenRequest = { httpMethod, url, headers, body, message };
    requests.push(seen);
    const isCall = message?.method === 'tools/call';
    if (isCall) noteCall(outgoing);
    const chosen = decideRequest(seen);
    if (chosen === undefined && refusedByProtocol(seen, eras, sessions, outgoing)) return;
    const execution = {
      message,
      onExecuted: (value: unknown) => executed.push(value),
      onSession: (id: string) => sessions.add(id),
    };
    await behave(chosen ?? (isCall ? decideCall(seen) : { kind: 'answer' }), execution, outgoing);
  };

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/mcp`,
    port,
    requests,
    executed,
    inFlight: () => inFlight,
    maxInFlight: () => maxInFlight,
    onCall(decide) {
      decideCall = decide;
    },
    onRequest(decide) {
      decideRequest = decide;
    },
    untilCalls(count) {
      if (calls >= count) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push({ count, resolve });
      });
    },
    forget() {
      requests.length = 0;
      executed.length = 0;
      calls = 0;
      maxInFlight = inFlight;
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Answers whatever is no request for the server's tools, or not in its era; true when it did. */
function refusedByProtocol(
  { message, headers, httpMethod }: SeenRequest,
  eras: readonly ('legacy' | 'modern')[],
  sessions: Set<string>,
  outgoing: ServerResponse,
): boolean {
  const session = headers['mcp-session-id'];
  const hasSession = typeof session === 'string' && sessions.has(session);
  if (httpMethod === 'DELETE' && typeof session === 'string') {
    outgoing.writeHead(sessions.delete(session) ? 200 : 404).end();
    return true;
  }
  if (httpMethod !== 'POST') {
    outgoing.writeHead(405, { allow: 'POST' }).end();
    return true;
  }
  if (message === undefined) {
    sendJson(outgoing, 400, rpcError(null, -32700, 'Parse error'));
    return true;
  }
  const { id } = message;
  if (message.method === undefined || id === undefined) {
    outgoing.writeHead(202).end(); // A notification, or the client's response.
    return true;
  }
  if (isModern(message)) {
    if (eras.includes('modern')) return false;
    sendJson(outgoing, 400, rpcError(id, -32000, 'Bad Request: Mcp-Session-Id is required'));
    return true;
  }
  if (!eras.includes('legacy')) {
    const data = { supported: [MODERN], requested: LEGACY.at(-1) };
    sendJson(outgoing, 400, rpcError(id, -32022, 'Unsupported protocol version', data));
    return true;
  }
  if (message.method === 'initialize' || hasSession) return false;
  if (session === undefined) {
    sendJson(outgoing, 400, rpcError(id, -32000, 'Bad Request: Mcp-Session-Id is required'));
  } else {
    sendJson(outgoing, 404, rpcError(id, -32001, 'Session not found'));
  }
  return true;
}
