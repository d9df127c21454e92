/**
 * Real MCP clients of both SDK generations, connected to the gateway with an API key, behind the one
 * small face that tests use: what each generation calls its methods is not what they are about.
 */
import {
  Client as SuccessorClient,
  StreamableHTTPClientTransport as SuccessorTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** `sdk-1`: 2025-11-25. `sdk-2-legacy`: the same, by the successor. `sdk-2`: 2026-07-28, or what the server has. */
export const CLIENT_KINDS = ['sdk-1', 'sdk-2-legacy', 'sdk-2'] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

export interface TestClient {
  readonly kind: ClientKind;
  listTools(): Promise<string[]>;
  /** The text blocks of the result, joined. Rejects on a JSON-RPC error; `isError` results come as text. */
  callTool(name: string, args?: Record<string, unknown>): Promise<string>;
  listResources(): Promise<string[]>;
  /** Text of the first contents. */
  readResource(uri: string): Promise<string>;
  /** As written: `test://{id}`. */
  listResourceTemplates(): Promise<string[]>;
  /** Not in revision 2026-07-28. */
  subscribe(uri: string): Promise<void>;
  listPrompts(): Promise<string[]>;
  /** Text of the first message. */
  getPrompt(name: string, args?: Record<string, string>): Promise<string>;
  /** Values offered for the argument of a prompt. */
  complete(prompt: string, argument: string, typed: string): Promise<string[]>;
  close(): Promise<void>;
}

/** What both generations return, as far as we read it. */
interface Content {
  readonly type: string;
  readonly text?: string;
}
const texts = (content: unknown): string =>
  (content as readonly Content[]).map((block) => block.text ?? `(${block.type})`).join('');

export async function connectClient(
  kind: ClientKind,
  url: string,
  key: string,
): Promise<TestClient> {
  const info = { name: `e2e-${kind}`, version: '1.0.0' };
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  if (kind === 'sdk-1') {
    const client = new Client(info);
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
    await client.connect(transport);
    return face(kind, client, async () => {
      await transport.terminateSession();
      await client.close();
    });
  }
  const mode = kind === 'sdk-2' ? 'auto' : 'legacy';
  const client = new SuccessorClient(info, { versionNegotiation: { mode } });
  const transport = new SuccessorTransport(new URL(url), { requestInit });
  await client.connect(transport);
  return face(kind, client, async () => {
    if (transport.sessionId !== undefined) await transport.terminateSession();
    await client.close();
  });
}

function face(
  kind: ClientKind,
  client: Client | SuccessorClient,
  close: () => Promise<void>,
): TestClient {
  return {
    kind,
    close,
    async listTools() {
      return (await client.listTools()).tools.map((tool) => tool.name);
    },
    async callTool(name, args = {}) {
      return texts((await client.callTool({ name, arguments: args })).content);
    },
    async listResources() {
      return (await client.listResources()).resources.map((resource) => resource.uri);
    },
    async readResource(uri) {
      const [first] = (await client.readResource({ uri })).contents;
      return first !== undefined && 'text' in first ? first.text : '';
    },
    async listResourceTemplates() {
      const { resourceTemplates } = await client.listResourceTemplates();
      return resourceTemplates.map((template) => template.uriTemplate);
    },
    async subscribe(uri) {
      await client.subscribeResource({ uri });
    },
    async complete(prompt, argument, typed) {
      const ref = { type: 'ref/prompt' as const, name: prompt };
      const asked = { ref, argument: { name: argument, value: typed } };
      return (await client.complete(asked)).completion.values;
    },
    async listPrompts() {
      return (await client.listPrompts()).prompts.map((prompt) => prompt.name);
    },
    async getPrompt(name, args = {}) {
      const [first] = (await client.getPrompt({ name, arguments: args })).messages;
      return first === undefined ? '' : texts([first.content]);
    },
  };
}
