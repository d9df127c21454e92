/**
 * What a tool module answers to each MCP method, apart from how it travels: results here are the same
 * for every revision; module-protocol.ts adds what a revision wants around them.
 * Source: MCP 2025-11-25 and 2026-07-28, server features.
 */
import type { Logger } from 'pino';
import { memberOf } from '../mcp/message-members.js';
import type { CallContext, ToolResult } from '../servers/module-api.js';
import { INVALID_PARAMS, LEGACY_RESOURCE_NOT_FOUND, RpcError } from './rpc-error.js';
import type { ServedModule, ServedTool } from './served-module.js';

export interface MethodCall {
  readonly params: unknown;
  readonly context: CallContext;
  readonly era: 'legacy' | 'modern';
  /** Where a fault of the module is explained; clients see only its message. */
  readonly log: Logger;
}

type Result = Readonly<Record<string, unknown>>;

export interface ModuleMethod {
  /** Whether the module has this feature. */
  readonly isOffered: (served: ServedModule) => boolean;
  readonly run: (served: ServedModule, call: MethodCall) => Result | Promise<Result>;
  /** Modern revisions: who may share the answer; absent where the answer must not be cached. */
  readonly cacheScope?: 'public' | 'private';
}

const hasTools = ({ module }: ServedModule): boolean => module.tools !== undefined;
const hasPrompts = ({ module }: ServedModule): boolean => module.prompts !== undefined;
const hasResources = ({ module }: ServedModule): boolean => module.resources !== undefined;

export const MODULE_METHODS: ReadonlyMap<string, ModuleMethod> = new Map<string, ModuleMethod>([
  [
    'tools/list',
    {
      isOffered: hasTools,
      cacheScope: 'public',
      run: listing('tools', (served) => served.toolList),
    },
  ],
  ['tools/call', { isOffered: hasTools, run: callTool }],
  [
    'prompts/list',
    {
      isOffered: hasPrompts,
      cacheScope: 'public',
      run: listing('prompts', (served) => served.promptList),
    },
  ],
  ['prompts/get', { isOffered: hasPrompts, run: getPrompt }],
  ['resources/list', { isOffered: hasResources, cacheScope: 'private', run: listResources }],
  [
    'resources/templates/list',
    {
      isOffered: hasResources,
      cacheScope: 'public',
      run: listing('resourceTemplates', (served) => served.templateList),
    },
  ],
  ['resources/read', { isOffered: hasResources, cacheScope: 'private', run: readResource }],
]);

/** Lists come on one page, so any cursor is one we never gave out. */
function refuseCursor(params: unknown): void {
  if (memberOf(params, 'cursor') !== undefined) {
    throw new RpcError(INVALID_PARAMS, 'Invalid cursor');
  }
}

function listing(member: string, read: (served: ServedModule) => readonly unknown[]) {
  return (served: ServedModule, { params }: MethodCall): Result => {
    refuseCursor(params);
    return { [member]: read(served) };
  };
}

async function listResources(served: ServedModule, call: MethodCall): Promise<Result> {
  refuseCursor(call.params);
  const resources = await served.module.resources?.list(call.context);
  return { resources: resources ?? [] };
}

async function readResource(served: ServedModule, call: MethodCall): Promise<Result> {
  const uri = textMember(call.params, 'uri');
  const contents = await served.module.resources?.read(uri, call.context);
  if (contents === null || contents === undefined) {
    const code = call.era === 'legacy' ? LEGACY_RESOURCE_NOT_FOUND : INVALID_PARAMS;
    throw new RpcError(code, 'Resource not found', { uri });
  }
  return { contents };
}

async function getPrompt(served: ServedModule, call: MethodCall): Promise<Result> {
  const name = textMember(call.params, 'name');
  const prompt = served.prompts.get(name);
  if (prompt === undefined) throw new RpcError(INVALID_PARAMS, `Unknown prompt: ${name}`);
  const given = memberOf(call.params, 'arguments') ?? {};
  const args = textArguments(given);
  const missing = (prompt.arguments ?? []).filter(
    (each) => each.required === true && !Object.hasOwn(args, each.name),
  );
  if (missing.length > 0) {
    const names = missing.map((each) => each.name).join(', ');
    throw new RpcError(INVALID_PARAMS, `Missing prompt arguments: ${names}`);
  }
  return { ...(await prompt.get(args, call.context)) };
}

async function callTool(served: ServedModule, call: MethodCall): Promise<Result> {
  const name = textMember(call.params, 'name');
  const tool = served.tools.get(name);
  if (tool === undefined) throw new RpcError(INVALID_PARAMS, `Unknown tool: ${name}`);
  const given = memberOf(call.params, 'arguments') ?? {};
  if (!isObject(given)) throw new RpcError(INVALID_PARAMS, '"arguments" must be an object');
  const checked = await tool.input.check(given);
  // The model can mend its own mistake only if it sees it: SEP-1303.
  if (!checked.isValid) return failed(`Invalid arguments for tool ${name}: ${checked.problems}`);
  return runTool(tool, checked.value, call);
}

async function runTool(
  { tool, output }: ServedTool,
  value: unknown,
  { context, log }: MethodCall,
): Promise<Result> {
  let returned: unknown;
  try {
    returned = await tool.handler(isObject(value) ? value : {}, context);
  } catch (thrown) {
    // Saying no by throwing is a tool's right; only what looks like its own mistake is worth a line.
    const level = isMistake(thrown) ? 'warn' : 'debug';
    if (!context.signal.aborted) log[level]({ err: thrown, tool: tool.name }, 'tool failed');
    return failed(thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (typeof returned === 'string') return { content: [{ type: 'text', text: returned }] };
  if (!isToolResult(returned)) {
    log.error({ tool: tool.name }, 'tool returned neither text nor a result with content');
    return failed('The tool returned no valid result.');
  }
  if (output === null || returned.isError === true) return { ...returned };
  const checked = await output.check(returned.structuredContent);
  if (checked.isValid) return { ...returned };
  const { problems } = checked;
  log.error({ tool: tool.name, problems }, 'tool broke its own output schema');
  return failed(`The tool's result does not match its output schema: ${problems}`);
}

function isMistake(thrown: unknown): boolean {
  return (
    thrown instanceof TypeError || thrown instanceof ReferenceError || !(thrown instanceof Error)
  );
}

function failed(text: string): Result {
  return { content: [{ type: 'text', text }], isError: true };
}

function textMember(params: unknown, key: string): string {
  const value = memberOf(params, key);
  if (typeof value !== 'string') throw new RpcError(INVALID_PARAMS, `"${key}" must be a string`);
  return value;
}

function textArguments(given: unknown): Readonly<Record<string, string>> {
  if (isObject(given) && hasTextsOnly(given)) return given;
  throw new RpcError(INVALID_PARAMS, '"arguments" must be an object of strings');
}

function hasTextsOnly(
  value: Readonly<Record<string, unknown>>,
): value is Readonly<Record<string, string>> {
  return Object.values(value).every((each) => typeof each === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isToolResult(value: unknown): value is ToolResult {
  return isObject(value) && Array.isArray(value['content']);
}
