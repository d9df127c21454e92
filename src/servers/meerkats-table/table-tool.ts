/**
 * What a tool of this module is, and how it becomes one of the gateway's: its arguments are read
 * strictly, its problems become `isError` results, its outcome goes out as structured content and as
 * the same JSON in a text block for clients that know no other.
 */
import type { CallContext, JsonSchema, ModuleTool, ToolResult } from '../module-api.js';
import type { ChunkCache } from './chunk-cache.js';
import { TableStorage } from './table-storage.js';
import { ToolArguments } from './tool-arguments.js';
import { ToolProblem } from './tool-problem.js';

export interface ToolCall {
  readonly args: ToolArguments;
  readonly tables: TableStorage;
  readonly context: CallContext;
}

export interface TableTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The properties of the input object; any other argument is refused. */
  readonly input: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
  readonly outputSchema?: JsonSchema;
  readonly annotations: NonNullable<ModuleTool['annotations']>;
  /** A string goes out as it is; an object as structured content. May throw ToolProblem. */
  run(call: ToolCall): Promise<string | Readonly<Record<string, unknown>>>;
}

export function toModuleTool(tool: TableTool, cache: ChunkCache): ModuleTool {
  const known = Object.keys(tool.input);
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: selfChecked({
      type: 'object',
      properties: tool.input,
      required: tool.required,
      additionalProperties: false,
    }),
    ...(tool.outputSchema === undefined ? {} : { outputSchema: tool.outputSchema }),
    annotations: tool.annotations,
    async handler(values, context) {
      try {
        const args = new ToolArguments(values, known);
        const outcome = await tool.run({ args, tables: new TableStorage(context, cache), context });
        return toResult(outcome);
      } catch (error) {
        // Anything else is a fault, not an answer; the host decides what the client may know of it.
        if (!(error instanceof ToolProblem)) throw error;
        return { content: [{ type: 'text', text: error.message }], isError: true };
      }
    },
  };
}

/**
 * A Standard Schema that shows itself as JSON Schema and lets everything through: the tool checks its
 * arguments itself, because only it can say which column was meant, and a checker that stopped the call
 * first would say no more than "must be equal to one of the allowed values".
 * Source: Standard JSON Schema, https://standardschema.dev/json-schema
 */
function selfChecked(jsonSchema: JsonSchema) {
  return {
    '~standard': {
      version: 1,
      vendor: 'meerkats-table',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: () => jsonSchema, output: () => jsonSchema },
    },
  };
}

function toResult(outcome: string | Readonly<Record<string, unknown>>): ToolResult {
  if (typeof outcome === 'string') return { content: [{ type: 'text', text: outcome }] };
  return {
    content: [{ type: 'text', text: JSON.stringify(outcome) }],
    structuredContent: outcome,
  };
}
