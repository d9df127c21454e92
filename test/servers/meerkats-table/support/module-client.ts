/** Calls the module as the gateway does, one client per session of a user. */
import type {
  CallContext,
  ModuleLog,
  ModuleStorage,
  ToolModule,
  ToolResult,
} from '../../../../src/servers/module-api.js';
import createModule from '../../../../src/servers/meerkats-table/module.js';
import { StoredDocuments } from './memory-storage.js';

export interface LogLine {
  readonly level: string;
  readonly message: string;
}

export function callContext(
  storage: ModuleStorage = new StoredDocuments().open(),
  options: {
    readonly user?: string;
    readonly signal?: AbortSignal;
    readonly lines?: LogLine[];
  } = {},
): CallContext {
  const record =
    (level: string) =>
    (message: string): void => {
      options.lines?.push({ level, message });
    };
  const log: ModuleLog = {
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
  };
  return {
    user: options.user ?? 'ada',
    credential: null,
    signal: options.signal ?? new AbortController().signal,
    log,
    progress: () => undefined,
    storage,
  };
}

export type Structured = Readonly<Record<string, unknown>>;

export class ModuleClient {
  readonly module: ToolModule;
  readonly context: CallContext;

  constructor(module: ToolModule, context: CallContext) {
    this.module = module;
    this.context = context;
  }

  async call(tool: string, args: Structured = {}): Promise<ToolResult> {
    const found = this.module.tools?.find(({ name }) => name === tool);
    if (found === undefined) throw new Error(`no tool ${tool}`);
    const result = await found.handler(args, this.context);
    return typeof result === 'string' ? { content: [{ type: 'text', text: result }] } : result;
  }

  /** The structured outcome of a call that must succeed. */
  async ok(tool: string, args: Structured = {}): Promise<Structured> {
    const result = await this.call(tool, args);
    if (result.isError === true) throw new Error(`${tool}: ${textOf(result)}`);
    return result.structuredContent ?? {};
  }

  /** The text of a call that must fail. */
  async problem(tool: string, args: Structured = {}): Promise<string> {
    const result = await this.call(tool, args);
    if (result.isError !== true) throw new Error(`${tool} succeeded: ${textOf(result)}`);
    return textOf(result);
  }

  /** The text of a call that must succeed. */
  async text(tool: string, args: Structured = {}): Promise<string> {
    const result = await this.call(tool, args);
    if (result.isError === true) throw new Error(`${tool}: ${textOf(result)}`);
    return textOf(result);
  }

  /** The rows of a query, without their numbers unless asked for by `columns`. */
  async rows(table: string, query: Structured = {}): Promise<readonly Structured[]> {
    const page = await this.ok('query_rows', { table, limit: 1000, ...query });
    return page['rows'] as readonly Structured[];
  }
}

export async function openModule(): Promise<ToolModule> {
  const log = callContext().log;
  return (await createModule({ serverName: 'meerkats-table', log })) as ToolModule;
}

/** A fresh module and a session of a fresh user. */
export async function openClient(
  storage: ModuleStorage = new StoredDocuments().open(),
): Promise<ModuleClient> {
  return new ModuleClient(await openModule(), callContext(storage));
}

export function textOf(result: ToolResult): string {
  return result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}
