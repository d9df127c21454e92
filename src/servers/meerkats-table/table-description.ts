/** A table as clients see it described: the same object in list_tables, describe_table and resources. */
import type { JsonSchema } from '../module-api.js';
import { COLUMN_TYPES } from './cell-values.js';
import { bytesOf, rowCountOf, type TableHead } from './stored-documents.js';
import type { Column } from './table-schema.js';

export const COLUMN_OUTPUT: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    type: { type: 'string', enum: COLUMN_TYPES },
    required: { type: 'boolean' },
    unique: { type: 'boolean' },
    default: { description: 'Left out where there is none.' },
  },
  required: ['name', 'type', 'required', 'unique'],
};

export const TABLE_OUTPUT: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    row_count: { type: 'integer' },
    size_bytes: { type: 'integer', description: 'Of all rows as JSON text.' },
    columns: { type: 'array', items: COLUMN_OUTPUT },
  },
  required: ['name', 'row_count', 'size_bytes', 'columns'],
};

export function describeTable(head: TableHead): Readonly<Record<string, unknown>> {
  return {
    name: head.name,
    row_count: rowCountOf(head),
    size_bytes: bytesOf(head),
    columns: head.columns.map(describeColumn),
  };
}

export function describeColumn(column: Column): Readonly<Record<string, unknown>> {
  const { name, type, required, unique } = column;
  return {
    name,
    type,
    required,
    unique,
    ...(column.default === null ? {} : { default: column.default }),
  };
}
