/**
 * A tool module made ready to be served: its names checked for doubles, its schemas compiled, and what
 * its lists answer prepared once. A mistake in the module shows here, when it is loaded.
 */
import type { ModulePrompt, ModuleTool, ToolModule } from '../servers/module-api.js';
import { compileCheck, type ValueCheck } from './argument-check.js';

export interface ServedTool {
  readonly tool: ModuleTool;
  readonly input: ValueCheck;
  readonly output: ValueCheck | null;
}

export interface ServedModule {
  readonly module: ToolModule;
  readonly tools: ReadonlyMap<string, ServedTool>;
  readonly prompts: ReadonlyMap<string, ModulePrompt>;
  readonly serverInfo: Readonly<Record<string, unknown>>;
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** What `tools/list`, `prompts/list` and `resources/templates/list` answer. */
  readonly toolList: readonly unknown[];
  readonly promptList: readonly unknown[];
  readonly templateList: readonly unknown[];
}

/** MCP 2026-07-28, "Tool Names". */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** Throws an Error that names the tool or prompt at fault. */
export function serveModule(module: ToolModule): ServedModule {
  const tools = new Map<string, ServedTool>();
  for (const tool of module.tools ?? []) {
    if (!TOOL_NAME.test(tool.name)) {
      throw new Error(`tool name "${tool.name}" must match ${String(TOOL_NAME)}`);
    }
    if (tools.has(tool.name)) throw new Error(`tool "${tool.name}" exists twice`);
    tools.set(tool.name, compileTool(tool));
  }
  const prompts = new Map<string, ModulePrompt>();
  for (const prompt of module.prompts ?? []) {
    if (prompts.has(prompt.name)) throw new Error(`prompt "${prompt.name}" exists twice`);
    prompts.set(prompt.name, prompt);
  }
  const { name, version, title } = module;
  return {
    module,
    tools,
    prompts,
    serverInfo: { name, version, ...(title !== undefined && { title }) },
    capabilities: {
      logging: {},
      ...(module.tools !== undefined && { tools: {} }),
      ...(module.resources !== undefined && { resources: {} }),
      ...(module.prompts !== undefined && { prompts: {} }),
    },
    toolList: [...tools.values()].map(listedTool),
    promptList: [...prompts.values()].map(listedPrompt),
    templateList: [...(module.resources?.templates ?? [])],
  };
}

function compileTool(tool: ModuleTool): ServedTool {
  try {
    const input = compileCheck(tool.inputSchema);
    if (input.jsonSchema['type'] !== 'object') throw new Error('its type must be "object"');
    const output = tool.outputSchema === undefined ? null : compileCheck(tool.outputSchema);
    return { tool, input, output };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`a schema of tool "${tool.name}" is not usable: ${reason}`, { cause });
  }
}

function listedTool({ tool, input }: ServedTool): unknown {
  const { name, title, description, outputSchema, annotations } = tool;
  return {
    name,
    ...(title !== undefined && { title }),
    description,
    inputSchema: input.jsonSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    ...(annotations !== undefined && { annotations }),
  };
}

function listedPrompt({ name, description, arguments: declared }: ModulePrompt): unknown {
  return {
    name,
    ...(description !== undefined && { description }),
    ...(declared !== undefined && { arguments: declared }),
  };
}
