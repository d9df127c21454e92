/**
 * JSON-RPC over POST without an SDK, for tests that must choose every id and header themselves, or
 * send a thousand requests at once. Reads a JSON reply or the last event of a stream.
 */
import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface RpcReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The JSON-RPC response with this request's id, or undefined. */
  readonly message: RpcMessage | undefined;
}

export interface RpcMessage {
  readonly id?: string | number | null;
  readonly result?: {
    readonly content?: readonly { readonly text?: string }[];
    readonly isError?: boolean;
    readonly [key: string]: unknown;
  };
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: Readonly<Record<string, unknown>>;
  };
}

export interface RpcRequest {
  readonly url: string;
  readonly key?: string;
  readonly message: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly agent?: Agent;
}

const REVISION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': REVISION,
  'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A 2026-07-28 request: no session, so any number of them fit in one process and every worker serves them. */
export function modernCall(
  id: string | number,
  name: string,
  args: Readonly<Record<string, unknown>>,
): { message: Record<string, unknown>; headers: Record<string, string> } {
  return {
    message: {
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: {
        name,
        arguments: args,
        _meta: META,
      },
    },
    headers: {
      'mcp-protocol-version': REVISION,
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
  };
}

/** A 2026-07-28 request without parameters of its own. */
export function modernRequest(
  id: string | number,
  method: string,
): { message: Record<string, unknown>; headers: Record<string, string> } {
  return {
    message: { jsonrpc: '2.0', id, method, params: { _meta: META } },
    headers: { 'mcp-protocol-version': REVISION, 'mcp-method': method },
  };
}

export function rpc({ url, key, message, headers, signal, agent }: RpcRequest): Promise<RpcReply> {
  const body = JSON.stringify(message);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        agent,
        signal,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'content-length': Buffer.byteLength(body),
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const { statusCode = 0, headers: replyHeaders } = incoming;
          resolve({ status: statusCode, headers: replyHeaders, text, message: lastMessage(text) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** From one JSON object, or from the last `data:` line of an event stream. */
export function lastMessage(text: string): RpcMessage | undefined {
  const candidates = text.startsWith('{')
    ? [text]
    : text
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5));
  try {
    return JSON.parse(candidates.at(-1) ?? '') as RpcMessage;
  } catch {
    return undefined;
  }
}
