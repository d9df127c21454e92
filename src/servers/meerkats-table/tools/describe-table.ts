import { READS, TABLE_ARGUMENT } from '../argument-schemas.js';
import { describeTable as describe, TABLE_OUTPUT } from '../table-description.js';
import type { TableTool } from '../table-tool.js';

export const describeTable: TableTool = {
  name: 'describe_table',
  title: 'Describe table',
  description: 'Shows one table: its columns with types and rules, how many rows, how many bytes.',
  input: { table: TABLE_ARGUMENT },
  required: ['table'],
  outputSchema: TABLE_OUTPUT,
  annotations: READS,
  async run({ args, tables }) {
    return describe(await tables.head(args.text('table')));
  },
};
