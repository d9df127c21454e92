/**
 * Tables as MCP resources: `table://{name}` tells the schema and row count as JSON,
 * `table://{name}/rows.csv` holds the rows as far as one result may go.
 */
import type { ModuleResources } from '../module-api.js';
import type { ChunkCache } from './chunk-cache.js';
import { exportCsv } from './csv-export.js';
import { MAX_RESULT_BYTES } from './limits.js';
import { parseProjection } from './row-selection.js';
import { rowCountOf } from './stored-documents.js';
import { describeTable } from './table-description.js';
import { isSameName } from './table-schema.js';
import { TableStorage } from './table-storage.js';

const URI = /^table:\/\/([A-Za-z_][A-Za-z0-9_]*)(\/rows\.csv)?$/;

export function tableUri(name: string): string {
  return `table://${name}`;
}

export function tableResources(cache: ChunkCache): ModuleResources {
  return {
    templates: [
      {
        uriTemplate: 'table://{name}',
        name: 'table',
        description: 'Columns and row count of one of your tables.',
        mimeType: 'application/json',
      },
      {
        uriTemplate: 'table://{name}/rows.csv',
        name: 'table-rows',
        description: `The rows of one of your tables as CSV, up to ${MAX_RESULT_BYTES} bytes.`,
        mimeType: 'text/csv',
      },
    ],
    async list(context) {
      const heads = await new TableStorage(context, cache).heads();
      return heads.flatMap((head) => [
        {
          uri: tableUri(head.name),
          name: head.name,
          title: `Table ${head.name}`,
          description: `${head.columns.length} columns, ${rowCountOf(head)} rows`,
          mimeType: 'application/json',
        },
        {
          uri: `${tableUri(head.name)}/rows.csv`,
          name: `${head.name}/rows.csv`,
          title: `Rows of ${head.name}`,
          mimeType: 'text/csv',
        },
      ]);
    },
    async read(uri, context) {
      const [, name, rowsPart] = URI.exec(uri) ?? [];
      if (name === undefined) return null;
      const tables = new TableStorage(context, cache);
      const heads = await tables.heads();
      const head = heads.find((candidate) => isSameName(candidate.name, name));
      if (head === undefined) return null;
      if (rowsPart === undefined) {
        return [{ uri, mimeType: 'application/json', text: JSON.stringify(describeTable(head)) }];
      }
      const table = await tables.read(name);
      const columns = parseProjection(table.head.columns, undefined, 'all');
      const text = exportCsv(columns, table.rows, { delimiter: ',', isSpreadsheetSafe: false });
      return [{ uri, mimeType: 'text/csv', text }];
    },
  };
}
