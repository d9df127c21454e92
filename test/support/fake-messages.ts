/**
 * What the fake upstream says when it behaves: the answers of an MCP server with the one tool `echo`,
 * as a 2025 session and a 2026-07-28 client want them.
 */
import type { ServerResponse } from 'node:http';

export const MODERN = '2026-07-28';
export const LEGACY = ['2025-03-26', '2025-06-18', '2025-11-25'];
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

export interface Message {
  readonly jsonrpc?: string;
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly uri?: string;
    readonly protocolVersion?: string;
    readonly arguments?: Readonly<Record<string, unknown>>;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
}

export const isModern = (message: Message): boolean =>
  message.params?._meta?.[VERSION_KEY] !== undefined;

/** Undefined when `body` is no JSON object. */
export function parseMessage(body: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const echoTool = {
  name: 'echo',
  description: 'Returns its value',
  inputSchema: { type: 'object', properties: { value: {} } },
};

/** One shape for both eras: a 2025 client ignores the 2026 members. */
const complete = (
  result: Record<string, unknown>,
  isCacheable = false,
): Record<string, unknown> => ({
  ...result,
  resultType: 'complete',
  ...(isCacheable && { ttlMs: 0, cacheScope: 'private' }),
});

function properResult(message: Message | undefined): Record<string, unknown> | undefined {
  const asked = message?.params?.protocolVersion ?? '';
  const value = message?.params?.arguments?.['value'] ?? null;
  switch (message?.method ?? '') {
    case 'initialize':
      return {
        protocolVersion: LEGACY.includes(asked) ? asked : LEGACY.at(-1),
        capabilities: { tools: {} },
        serverInfo: { name: 'fake-upstream', version: '1.0.0' },
      };
    case 'server/discover':
      return complete({ supportedVersions: [MODERN], capabilities: { tools: {} } }, true);
    case 'ping':
      return {};
    case 'tools/list':
      return complete({ tools: [echoTool] }, true);
    case 'tools/call':
      return complete({ content: [{ type: 'text', text: JSON.stringify(value) }] });
    default:
      return undefined;
  }
}

/** The right JSON-RPC response to `message`. */
export function properAnswer(message: Message | undefined): Record<string, unknown> {
  const id = message?.id ?? null;
  const result = properResult(message);
  return result === undefined
    ? rpcError(id, -32601, 'Method not found')
    : { jsonrpc: '2.0', id, result };
}

export function rpcError(
  id: string | number | null,
  code: number,
  message: string,
  data?: unknown,
): Record<string, unknown> {
  return {
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  };
}

/** `body` goes out as it is when it is a string. */
export function sendJson(
  outgoing: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  outgoing.end(text);
}
