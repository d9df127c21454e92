/**
 * Tells apart what a module may return from `createServer`: `McpServer` or `Server`, of the SDK's first
 * generation (@modelcontextprotocol/sdk) or its second (@modelcontextprotocol/server). By shape, not by
 * `instanceof`: a module brings its own copy of the SDK as often as not.
 */
import type { McpServer } from '@modelcontextprotocol/server';

/** What both generations ask of a transport and give to it, as far as we use it. */
export interface FirstGenerationTransport {
  onmessage?: ((message: never, extra?: never) => void) | undefined;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  start(): Promise<void>;
  send(message: unknown, options?: { relatedRequestId?: string | number }): Promise<void>;
  close(): Promise<void>;
}

export interface FirstGenerationServer {
  connect(transport: FirstGenerationTransport): Promise<void>;
  close(): Promise<void>;
}

/** The class behind `McpServer`, which the SDK marks deprecated for authors only. */
export type SecondGenerationServer = McpServer['server'];

export type SdkServer =
  | { readonly generation: 1; readonly server: FirstGenerationServer }
  | { readonly generation: 2; readonly server: SecondGenerationServer };

/** Null for anything that is no server of the SDK. An `McpServer` is taken for the `Server` inside it. */
export function asSdkServer(product: unknown): SdkServer | null {
  const inner = isObject(product) && isObject(product['server']) ? product['server'] : product;
  if (isSecondGeneration(inner)) return { generation: 2, server: inner };
  return isConnectable(inner) ? { generation: 1, server: inner } : null;
}

function isConnectable(value: unknown): value is FirstGenerationServer {
  return (
    isObject(value) &&
    typeof value['connect'] === 'function' &&
    typeof value['close'] === 'function' &&
    typeof value['setRequestHandler'] === 'function'
  );
}

/** Only the second generation negotiates among versions of both eras, per instance. */
function isSecondGeneration(value: unknown): value is SecondGenerationServer {
  return isConnectable(value) && '_supportedProtocolVersions' in value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
