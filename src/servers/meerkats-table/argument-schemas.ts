/**
 * JSON Schemas of arguments that several tools share, and the annotations of each kind of tool. The
 * schemas tell a model what to write; the parsers check it, because only they can name the column and
 * the nearest right one. Filters are not spelled out recursively: several clients choke on `$ref`.
 */
import type { JsonSchema } from '../module-api.js';
import { COLUMN_TYPES } from './cell-values.js';
import {
  MAX_FILTER_DEPTH,
  MAX_FILTER_TERMS,
  MAX_IN_VALUES,
  MAX_SEARCH_LENGTH,
  MAX_SORT_COLUMNS,
} from './limits.js';
import { FILTER_OPERATORS } from './row-filter.js';
import { NAME_PATTERN } from './table-schema.js';

export const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
/** Adds something; calling twice adds twice or is refused. */
export const ADDS = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: false,
};
/** Overwrites or removes; calling twice leaves what calling once left. */
export const OVERWRITES = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: true,
  openWorldHint: false,
};

export const TABLE_ARGUMENT: JsonSchema = {
  type: 'string',
  description: 'Name of the table; letter case does not matter.',
};

export const NEW_TABLE_ARGUMENT: JsonSchema = {
  type: 'string',
  pattern: NAME_PATTERN,
  description: 'Name of the new table: letters, digits and _, not starting with a digit.',
};

export const COLUMN_DEFINITION: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', pattern: NAME_PATTERN },
    type: {
      type: 'string',
      enum: COLUMN_TYPES,
      description:
        'date holds ISO 8601 days or date-times (kept in UTC); json holds any JSON value.',
    },
    required: { type: 'boolean', description: 'Refuse null. Default false.' },
    unique: { type: 'boolean', description: 'Refuse equal values in two rows. Default false.' },
    default: { description: 'Value for rows that leave the column out. Default null.' },
  },
  required: ['name', 'type'],
  additionalProperties: false,
};

const FILTER_TEXT = `Which rows. A condition {"column":"age","op":"gte","value":18}, or {"and":[…]}, {"or":[…]}, {"not":{…}} of filters, nested at will (at most ${MAX_FILTER_TERMS} terms, ${MAX_FILTER_DEPTH} deep). \
"in" takes a list of at most ${MAX_IN_VALUES} values. "contains" finds text in text, or an element in a json list. "starts_with" is for text; both look for at most ${MAX_SEARCH_LENGTH} characters. "is_null" takes true (default) or false. \
Column "_row" is the row's number. A null cell fails lt, lte, gt, gte, contains and starts_with, and passes ne.`;

export const FILTER_ARGUMENT: JsonSchema = {
  type: 'object',
  description: FILTER_TEXT,
  properties: {
    column: { type: 'string' },
    op: { type: 'string', enum: FILTER_OPERATORS },
    value: { description: 'Of the type of the column.' },
    ignore_case: { type: 'boolean', description: 'For text columns. Default false.' },
    and: { type: 'array', items: { type: 'object' } },
    or: { type: 'array', items: { type: 'object' } },
    not: { type: 'object' },
  },
  additionalProperties: false,
};

export const SORT_ARGUMENT: JsonSchema = {
  type: 'array',
  maxItems: MAX_SORT_COLUMNS,
  description:
    'Order, most important column first. Default: order of insertion. Nulls come last; text sorts by character code.',
  items: {
    type: 'object',
    properties: {
      column: { type: 'string' },
      direction: { type: 'string', enum: ['asc', 'desc'], description: 'Default asc.' },
    },
    required: ['column'],
    additionalProperties: false,
  },
};

export const PROJECTION_ARGUMENT: JsonSchema = {
  type: 'array',
  items: { type: 'string' },
  description: 'Columns to return, in this order; "_row" is the row number. Default: all.',
};
