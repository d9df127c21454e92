import { READS } from '../argument-schemas.js';
import { describeTable, TABLE_OUTPUT } from '../table-description.js';
import { MAX_TABLES } from '../limits.js';
import type { TableTool } from '../table-tool.js';

export const listTables: TableTool = {
  name: 'list_tables',
  title: 'List tables',
  description: `Lists your tables with their columns and row counts. You can have ${MAX_TABLES}; nobody else sees them.`,
  input: {},
  required: [],
  outputSchema: {
    type: 'object',
    properties: { tables: { type: 'array', items: TABLE_OUTPUT } },
    required: ['tables'],
  },
  annotations: READS,
  async run({ tables }) {
    const heads = await tables.heads();
    return { tables: heads.map(describeTable) };
  },
};
