/**
 * Checks the `Mcp-Param-*` headers of tool calls for a server that has no HTTP of its own and so cannot
 * check them itself. Which tools want which headers is learnt from a `tools/list` of our own, kept until
 * the server says that its tools changed, or for a while. When the list cannot be had, calls go through
 * unchecked: the headers repeat the body, they grant nothing.
 * Source: MCP 2026-07-28 basic/transports (SEP-2243).
 */
import { GatewayError } from '../kernel/errors.js';
import { memberOf, paramsOf } from '../mcp/message-members.js';
import { paramHeaderFault, paramHeadersOf, type ParamHeader } from '../mcp/param-headers.js';
import type { ScannedMessage } from '../mcp/scan-message.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { ListenRouter } from './listen-router.js';
import type { ModernHub } from './modern-hub.js';
import { ownRequest } from './server-message.js';

/** A list this old is used once more while a new one is fetched. Chosen. */
const MAX_AGE_MS = 60_000;
const MAX_PAGES = 100;
const MAX_LIST_BYTES = 16 * 1024 * 1024;

type ToolTable = ReadonlyMap<string, readonly ParamHeader[]>;

export interface ToolHeadersOptions {
  readonly hub: ModernHub;
  readonly listens: ListenRouter;
  readonly endpoint: EndpointOptions;
}

export class ToolHeaders {
  readonly #options: ToolHeadersOptions;
  /** Tools that want headers; null before the first list, and when the list changed. */
  #table: ToolTable | null = null;
  #fetchedAtMs = 0;
  #fetching: Promise<ToolTable> | null = null;
  #isWatching = false;
  /** Goes up with every change, so that a list fetched before it is not kept. */
  #generation = 0;

  constructor(options: ToolHeadersOptions) {
    this.#options = options;
  }

  /** Resolves when the call may go on; rejects with GW_HEADER_MISMATCH. `header` finds by lower-case name. */
  async check(
    call: ScannedMessage,
    user: string,
    header: (name: string) => string | undefined,
  ): Promise<void> {
    const table = this.#fresh() ?? (await this.#fetch(user));
    const declared = call.name === null ? undefined : table.get(call.name);
    if (declared === undefined) return;
    const fault = paramHeaderFault(declared, memberOf(paramsOf(call), 'arguments'), header);
    if (fault !== null) throw new GatewayError('GW_HEADER_MISMATCH', { hint: fault });
  }

  #fresh(): ToolTable | null {
    if (this.#table === null) return null;
    if (this.#options.endpoint.now() - this.#fetchedAtMs >= MAX_AGE_MS) void this.#fetch('');
    return this.#table;
  }

  #fetch(user: string): Promise<ToolTable> {
    this.#fetching ??= this.#fetchAll(user).finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  /** Never rejects. */
  async #fetchAll(user: string): Promise<ToolTable> {
    const { endpoint } = this.#options;
    const generation = this.#generation;
    try {
      this.#watch();
      const table = await this.#list(user);
      if (generation === this.#generation) {
        this.#table = table;
        this.#fetchedAtMs = endpoint.now();
      }
      return table;
    } catch (thrown) {
      const fields = { err: thrown };
      endpoint.log.warn(fields, 'tools/list failed; Mcp-Param headers are not checked');
      // Not asked again for every call.
      this.#fetchedAtMs = endpoint.now();
      this.#table ??= new Map();
      return this.#table;
    }
  }

  async #list(user: string): Promise<ToolTable> {
    const { hub } = this.#options;
    const table = new Map<string, readonly ParamHeader[]>();
    const seen = new Set<string>();
    let cursor: string | null = null;
    let byteLength = 0;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const params: Record<string, unknown> = cursor === null ? {} : { cursor };
      const response: ScannedMessage = await hub.call(user, (id) =>
        ownRequest(id, 'tools/list', params),
      );
      byteLength += response.bytes.length;
      // A server without tools answers an error: then none wants headers.
      if (response.isError || byteLength > MAX_LIST_BYTES) break;
      cursor = readPage(response.bytes, table);
      if (cursor === null || seen.has(cursor)) break;
      seen.add(cursor);
    }
    return table;
  }

  /** Once for each life of the subscription; without it the age alone decides. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const changed = (): void => {
      this.#generation += 1;
      this.#table = null;
    };
    const over = (): void => {
      // Without its subscription the server may change unheard; the next list asks for a new one.
      this.#isWatching = false;
    };
    this.#options.listens.watchTools({
      onAcknowledged: () => undefined,
      onChange: changed,
      onResult: over,
      onRefused: () => undefined,
      onLost: () => {
        over();
        changed();
      },
    });
  }
}

/** Adds a page's tools to the table; returns the cursor of the next page. */
function readPage(bytes: Buffer, table: Map<string, readonly ParamHeader[]>): string | null {
  // Most lists mark nothing and have one page: then there is nothing to parse.
  if (!bytes.includes('"x-mcp-header"') && !bytes.includes('"nextCursor"')) return null;
  const body: unknown = JSON.parse(bytes.toString());
  const result = memberOf(body, 'result');
  const tools = memberOf(result, 'tools');
  for (const tool of Array.isArray(tools) ? (tools as unknown[]) : []) {
    const name = memberOf(tool, 'name');
    const declared = paramHeadersOf(memberOf(tool, 'inputSchema'));
    if (typeof name === 'string' && declared.length > 0) table.set(name, declared);
  }
  const cursor = memberOf(result, 'nextCursor');
  return typeof cursor === 'string' ? cursor : null;
}
