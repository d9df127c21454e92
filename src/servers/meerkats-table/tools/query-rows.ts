import { AGGREGATE_FUNCTIONS } from '../aggregate.js';
import {
  FILTER_ARGUMENT,
  PROJECTION_ARGUMENT,
  READS,
  SORT_ARGUMENT,
  TABLE_ARGUMENT,
} from '../argument-schemas.js';
import {
  DEFAULT_PAGE_ROWS,
  MAX_AGGREGATES,
  MAX_GROUP_COLUMNS,
  MAX_PAGE_ROWS,
  MAX_RESULT_BYTES,
} from '../limits.js';
import { runQuery } from '../row-query.js';
import type { TableTool } from '../table-tool.js';

export const queryRows: TableTool = {
  name: 'query_rows',
  title: 'Query rows',
  description: `Reads rows: filter, sort, pages, chosen columns; or counts, sums, averages, minima and maxima, by group if wanted. \
A page has at most ${MAX_PAGE_ROWS} rows and ${MAX_RESULT_BYTES} bytes; when more remain, "next_cursor" continues it. \
Let aggregates do the arithmetic instead of reading all rows.`,
  input: {
    table: TABLE_ARGUMENT,
    filter: FILTER_ARGUMENT,
    columns: PROJECTION_ARGUMENT,
    sort: SORT_ARGUMENT,
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_PAGE_ROWS,
      description: `Rows of the page. Default ${DEFAULT_PAGE_ROWS}.`,
    },
    offset: { type: 'integer', minimum: 0, description: 'Rows to skip. Default 0.' },
    cursor: {
      type: 'string',
      description: 'next_cursor of the page before; leave all else but limit unchanged.',
    },
    aggregates: {
      type: 'array',
      maxItems: MAX_AGGREGATES,
      description:
        'Such as [{"fn":"count"},{"fn":"avg","column":"price","as":"mean"}]. Nulls do not take part. With these, sort names the output columns.',
      items: {
        type: 'object',
        properties: {
          fn: { type: 'string', enum: AGGREGATE_FUNCTIONS },
          column: { type: 'string', description: 'May be left out for count only.' },
          as: { type: 'string', description: 'Name of the output; default fn_column.' },
        },
        required: ['fn'],
        additionalProperties: false,
      },
    },
    group_by: {
      type: 'array',
      maxItems: MAX_GROUP_COLUMNS,
      items: { type: 'string' },
      description: 'Columns; one output row per combination of their values.',
    },
  },
  required: ['table'],
  outputSchema: {
    type: 'object',
    properties: {
      columns: { type: 'array', items: { type: 'string' } },
      rows: { type: 'array', items: { type: 'object' } },
      total: { type: 'integer', description: 'Rows of all pages together.' },
      next_cursor: { type: 'string', description: 'There when rows remain.' },
      cut_short: {
        type: 'boolean',
        description: 'There when the page ended at its bound of bytes rather than at its limit.',
      },
    },
    required: ['columns', 'rows', 'total'],
  },
  annotations: READS,
  async run({ args, tables, context }) {
    const table = await tables.read(args.text('table'));
    const page = await runQuery(table, args, context.signal);
    return {
      columns: page.columns,
      rows: page.rows,
      total: page.total,
      ...(page.nextCursor === undefined ? {} : { next_cursor: page.nextCursor }),
      ...(page.isCutShort ? { cut_short: true } : {}),
    };
  },
};
