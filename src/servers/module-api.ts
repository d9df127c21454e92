/**
 * The contract between the gateway and a tool module: types only, no code. A module is a file whose
 * default export is a `ModuleFactory`; the upstream host imports it once and serves every user,
 * session and protocol revision from the one instance it returns.
 */

export interface ModuleLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface ModuleDocument {
  readonly key: string;
  readonly value: unknown;
  readonly version: number;
}

/** Documents of one user of this server; no call can reach another user's. Keys sort by UTF-8 bytes. */
export interface ModuleStorage {
  get(key: string): Promise<ModuleDocument | null>;
  /** New version, or null when `ifVersion` (0 = absent) is not the present version. */
  put(
    key: string,
    value: unknown,
    options?: { readonly ifVersion?: number },
  ): Promise<number | null>;
  putMany(entries: readonly (readonly [string, unknown])[]): Promise<void>;
  delete(key: string): Promise<boolean>;
  deletePrefix(prefix: string): Promise<number>;
  /** Ascending by key; at most `limit` (default 1000, at most 10000). */
  list(query: {
    readonly prefix: string;
    readonly afterKey?: string;
    readonly limit?: number;
  }): Promise<ModuleDocument[]>;
  countPrefix(prefix: string): Promise<number>;
}

/** What a handler knows of the call it serves. */
export interface CallContext {
  /** Stable id of the calling user. */
  readonly user: string;
  /** This user's secret for this server, where the operator set one. */
  readonly credential: string | null;
  /** Aborted when the client cancelled or left, or the deadline passed. */
  readonly signal: AbortSignal;
  /** Sent to the client as `notifications/message` when it asked for logs, and kept in the gateway's log at debug. */
  readonly log: ModuleLog;
  /** Sent as `notifications/progress` when the request carried a progress token; otherwise does nothing. */
  progress(progress: number, total?: number, message?: string): void;
  readonly storage: ModuleStorage;
}

export type ToolContent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string }
  | { readonly type: 'resource_link'; readonly uri: string; readonly name: string }
  | { readonly type: 'resource'; readonly resource: ResourceContents };

export interface ToolResult {
  readonly content: readonly ToolContent[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  /** True: the tool ran and failed; the model reads why in `content`. */
  readonly isError?: boolean;
}

/** Standard Schema (zod 4 and others) as far as we use it, or a plain JSON Schema object. */
export interface StandardSchema {
  readonly '~standard': {
    readonly validate: (value: unknown) => unknown;
  };
}
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ModuleTool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  /** JSON Schema of type object, or a zod 4 object schema. Arguments are validated before the handler runs. */
  readonly inputSchema: JsonSchema | StandardSchema;
  readonly outputSchema?: JsonSchema;
  readonly annotations?: {
    readonly readOnlyHint?: boolean;
    readonly destructiveHint?: boolean;
    readonly idempotentHint?: boolean;
    readonly openWorldHint?: boolean;
  };
  /** A returned string becomes one text block. A thrown error becomes `isError` with its message. */
  handler(
    args: Readonly<Record<string, unknown>>,
    context: CallContext,
  ): Promise<ToolResult | string>;
}

export interface ResourceContents {
  readonly uri: string;
  readonly mimeType?: string;
  readonly text?: string;
  /** Base64. */
  readonly blob?: string;
}

export interface ModuleResource {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
}

/** A user's resources: what exists is asked per call, because it may differ per user. */
export interface ModuleResources {
  list(context: CallContext): Promise<readonly ModuleResource[]>;
  readonly templates?: readonly {
    readonly uriTemplate: string;
    readonly name: string;
    readonly description?: string;
    readonly mimeType?: string;
  }[];
  /** Null: no such resource for this user. */
  read(uri: string, context: CallContext): Promise<readonly ResourceContents[] | null>;
}

export interface ModulePrompt {
  readonly name: string;
  readonly description?: string;
  readonly arguments?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly required?: boolean;
  }[];
  get(
    args: Readonly<Record<string, string>>,
    context: CallContext,
  ): Promise<{
    readonly description?: string;
    readonly messages: readonly {
      readonly role: 'user' | 'assistant';
      readonly content: ToolContent;
    }[];
  }>;
}

/** A module that lists its tools; the gateway speaks the protocol for it. */
export interface ToolModule {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
  readonly instructions?: string;
  readonly tools?: readonly ModuleTool[];
  readonly resources?: ModuleResources;
  readonly prompts?: readonly ModulePrompt[];
  /** Called once when the upstream host stops or the module is replaced. */
  close?(): Promise<void>;
}

/**
 * A module that brings a ready SDK server. `createServer` returns an unconnected `McpServer` or
 * `Server` of either SDK generation; it is called once per legacy session and once for all modern
 * traffic (of each user, where users have credentials of their own), never per request. Its handlers
 * find who calls in the SDK's `authInfo` (`extra.authInfo`; second generation: `context.http.authInfo`):
 * `clientId` and `extra.user` are the user, `token` is the user's credential for this server, or ''.
 */
export interface SdkServerModule {
  readonly createServer: () => unknown;
  close?(): Promise<void>;
}

export interface ModuleHost {
  /** The name under which the configuration serves this module. */
  readonly serverName: string;
  readonly log: ModuleLog;
}

export type ModuleFactory = (
  host: ModuleHost,
) => ToolModule | SdkServerModule | Promise<ToolModule | SdkServerModule>;
