/**
 * One query over a table: filter, group, sort, page, project. Works on a snapshot, so a page is
 * consistent in itself whatever other sessions do.
 */
import { aggregateRows, parseGrouping } from './aggregate.js';
import type { Cell } from './cell-values.js';
import { DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS, MAX_RESULT_BYTES, MAX_ROWS } from './limits.js';
import { matchingRows } from './matching-rows.js';
import { pageStart, queryDigest, readCursor, writeCursor } from './page-cursor.js';
import { parseFilter } from './row-filter.js';
import { parseProjection } from './row-selection.js';
import { parseSort, sortRows, type PlacedRow } from './row-sort.js';
import type { Column, ColumnRef, Row } from './table-schema.js';
import type { Table } from './table-storage.js';
import type { ToolArguments } from './tool-arguments.js';
import { ToolProblem } from './tool-problem.js';

export interface QueryPage {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  readonly total: number;
  /** There when rows remain. */
  readonly nextCursor?: string;
  /** The page ended at its bound of bytes, not at its limit. */
  readonly isCutShort: boolean;
}

interface Outcome {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly projection: readonly ColumnRef[];
  /** False for aggregates. */
  readonly isStored: boolean;
}

/** The arguments are those of the tool query_rows. */
export async function runQuery(
  table: Table,
  args: ToolArguments,
  signal: AbortSignal,
): Promise<QueryPage> {
  const limit = args.integer('limit', { min: 1, max: MAX_PAGE_ROWS, absent: DEFAULT_PAGE_ROWS });
  const outcome = await select(table, args, signal);
  const terms = parseSort(outcome.columns, args.value('sort'));
  const placed = sortRows(outcome.rows, terms);
  const digest = queryDigest([
    table.head.id,
    ...['filter', 'sort', 'group_by', 'aggregates'].map((name) => args.value(name)),
  ]);
  const cursor = args.optionalText('cursor');
  if (cursor !== undefined && args.has('offset')) {
    throw new ToolProblem('Give "cursor" or "offset", not both.');
  }
  const start =
    cursor === undefined
      ? args.integer('offset', { min: 0, max: MAX_ROWS, absent: 0 })
      : pageStart(placed, terms, readCursor(digest, cursor));
  const page = fillPage(placed.slice(start, start + limit), outcome.projection);
  const end = start + page.length;
  const last = placed[end - 1];
  const hasMore = last !== undefined && page.length > 0 && end < placed.length;
  return {
    columns: outcome.projection.map((ref) => ref.name),
    rows: page,
    total: placed.length,
    isCutShort: hasMore && page.length < limit,
    ...(hasMore ? { nextCursor: writeCursor(digest, last, end, outcome.isStored) } : {}),
  };
}

async function select(table: Table, args: ToolArguments, signal: AbortSignal): Promise<Outcome> {
  const { columns } = table.head;
  const grouping = parseGrouping(columns, args.value('group_by'), args.value('aggregates'));
  const matches = parseFilter(columns, args.value('filter'));
  if (grouping === null) {
    const projection = parseProjection(columns, args.value('columns'), 'all and row number');
    const rows = await matchingRows(table.rows, matches, signal);
    return { columns, rows, projection, isStored: true };
  }
  if (args.has('columns')) {
    throw new ToolProblem('Leave out "columns" here: group_by and aggregates decide the columns.');
  }
  const rows = aggregateRows(grouping, await matchingRows(table.rows, matches, signal));
  const projection = parseProjection(grouping.columns, undefined, 'all');
  return { columns: grouping.columns, rows, projection, isStored: false };
}

/** Rows as objects until the bound of bytes; always at least one, so that paging ends. */
function fillPage(
  rows: readonly PlacedRow[],
  projection: readonly ColumnRef[],
): Record<string, Cell>[] {
  const page: Record<string, Cell>[] = [];
  let bytes = 0;
  for (const { row } of rows) {
    const shown = Object.fromEntries(projection.map((ref) => [ref.name, ref.read(row)]));
    bytes += Buffer.byteLength(JSON.stringify(shown));
    if (page.length > 0 && bytes > MAX_RESULT_BYTES) break;
    page.push(shown);
  }
  return page;
}
