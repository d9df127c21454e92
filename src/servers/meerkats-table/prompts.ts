/** Prompts: two jobs a person often starts with, phrased so that a model uses the tools well. */
import type { ModulePrompt } from '../module-api.js';
import type { ChunkCache } from './chunk-cache.js';
import { MAX_COLUMNS } from './limits.js';
import { tableUri } from './resources.js';
import { describeTable } from './table-description.js';
import { TableStorage } from './table-storage.js';
import { ToolProblem } from './tool-problem.js';

export function tablePrompts(cache: ChunkCache): readonly ModulePrompt[] {
  return [analyseTable(cache), DESIGN_TABLE];
}

function analyseTable(cache: ChunkCache): ModulePrompt {
  return {
    name: 'analyse_table',
    description: 'Find out what a table says, with aggregates rather than by reading every row.',
    arguments: [
      { name: 'table', description: 'Name of the table.', required: true },
      { name: 'question', description: 'What you want to know. Left out: an overview.' },
    ],
    async get(args, context) {
      const name = given(args, 'table');
      const head = await new TableStorage(context, cache).head(name);
      const question = args['question'] ?? 'Give an overview: what it holds, and what stands out.';
      return {
        description: `Analyse table ${head.name}`,
        messages: [
          {
            role: 'user',
            content: {
              type: 'resource',
              resource: {
                uri: tableUri(head.name),
                mimeType: 'application/json',
                text: JSON.stringify(describeTable(head)),
              },
            },
          },
          {
            role: 'user',
            content: {
              type: 'text',
              text: `Analyse my table "${head.name}", described above. ${question}\n\nUse query_rows: look at a few rows first, then let aggregates and group_by do the counting. Say which numbers come from which query, and mention missing values where they matter.`,
            },
          },
        ],
      };
    },
  };
}

const DESIGN_TABLE: ModulePrompt = {
  name: 'design_table',
  description: 'Work out the columns of a new table and create it.',
  arguments: [{ name: 'purpose', description: 'What you want to keep track of.', required: true }],
  get(args) {
    // Not async, because there is nothing to wait for; a rejection all the same, as for any prompt.
    return Promise.resolve().then(() => ({
      description: 'Design a table',
      messages: [
        {
          role: 'user' as const,
          content: {
            type: 'text' as const,
            text: `I want to keep track of this: ${given(args, 'purpose')}\n\nPropose a table: its name and columns (at most ${MAX_COLUMNS}; types text, number, boolean, date, json), which are required or unique, and defaults. Check list_tables for one that fits already. Once I agree, create it with create_table.`,
          },
        },
      ],
    }));
  },
};

function given(args: Readonly<Record<string, string>>, name: string): string {
  const value = args[name];
  if (value === undefined || value === '') throw new ToolProblem(`Argument "${name}" is missing.`);
  return value;
}
