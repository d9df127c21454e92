/**
 * Meerkat's tables: a bundled tool module that keeps each user's own small tables. It is written as
 * anybody would write one: it knows the module contract and npm packages, and nothing of the gateway.
 */
import type { ModuleFactory } from '../module-api.js';
import { ChunkCache } from './chunk-cache.js';
import { tablePrompts } from './prompts.js';
import { tableResources } from './resources.js';
import { toModuleTool } from './table-tool.js';
import { addColumn } from './tools/add-column.js';
import { createTable } from './tools/create-table.js';
import { deleteRows } from './tools/delete-rows.js';
import { describeTable } from './tools/describe-table.js';
import { dropTable } from './tools/drop-table.js';
import { exportCsv } from './tools/export-csv.js';
import { importCsv } from './tools/import-csv.js';
import { insertRows } from './tools/insert-rows.js';
import { listTables } from './tools/list-tables.js';
import { queryRows } from './tools/query-rows.js';
import { updateRows } from './tools/update-rows.js';

const TOOLS = [
  listTables,
  createTable,
  describeTable,
  dropTable,
  addColumn,
  insertRows,
  updateRows,
  deleteRows,
  queryRows,
  importCsv,
  exportCsv,
];

const INSTRUCTIONS = `Keeps the user's own tables between conversations. Start with list_tables. \
Read with query_rows: filter and aggregate there instead of fetching everything. \
Errors say what to correct; when one does, nothing was written.`;

const createModule: ModuleFactory = () => {
  const cache = new ChunkCache();
  return {
    name: 'meerkats-table',
    version: '1.0.0',
    title: "Meerkat's tables",
    instructions: INSTRUCTIONS,
    tools: TOOLS.map((tool) => toModuleTool(tool, cache)),
    resources: tableResources(cache),
    prompts: tablePrompts(cache),
  };
};

export default createModule;
