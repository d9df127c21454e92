/**
 * Every bound of the module in one place. Tool descriptions quote these constants, so what a model
 * reads is what the code does. All are chosen, not measured: generous for a person's own tables, small
 * enough that reading a whole table into memory stays harmless.
 */

export const MAX_TABLES = 100;
export const MAX_COLUMNS = 64;
export const MAX_ROWS = 10_000;
export const MAX_NAME_LENGTH = 63;

/** One cell: UTF-8 bytes of text, or of the JSON text of a json value. */
export const MAX_CELL_BYTES = 64 * 1024;
/** Nesting of a json cell. */
export const MAX_JSON_DEPTH = 32;
/** A column's default as JSON text. Defaults are part of the head, which every change rewrites. */
export const MAX_DEFAULT_BYTES = 1024;
/** One row as JSON text. A cell of 64 KiB grows sixfold at worst (`\u0001`), and must still fit. */
export const MAX_ROW_BYTES = 512 * 1024;
/** One table as JSON text: what a query may have to hold in memory. */
export const MAX_TABLE_BYTES = 16 * 1024 * 1024;

export const MAX_INSERT_ROWS = 1_000;
/** UTF-8 bytes of CSV text. */
export const MAX_IMPORT_BYTES = 1024 * 1024;
/** One page of rows as JSON text, or one export as CSV text. Exceeds the largest row, so a page always advances. */
export const MAX_RESULT_BYTES = 1024 * 1024;

export const MAX_PAGE_ROWS = 1_000;
export const DEFAULT_PAGE_ROWS = 100;

export const MAX_FILTER_DEPTH = 16;
/** Conditions and and/or/not nodes of one filter, counted together: each costs up to 1 ms a full cell. */
export const MAX_FILTER_TERMS = 64;
/**
 * Characters that contains and starts_with may look for. Measured on Node 20, worst patterns in a full
 * cell: at most 1.3 ms up to 256 characters, 12 ms at 400, because V8 prepares only the last 250.
 */
export const MAX_SEARCH_LENGTH = 250;
export const MAX_IN_VALUES = 1_000;
export const MAX_SORT_COLUMNS = 8;
export const MAX_GROUP_COLUMNS = 8;
export const MAX_AGGREGATES = 16;

/** Problems listed in one error text; the rest are counted. */
export const MAX_LISTED_PROBLEMS = 20;

/**
 * Compare-and-set rounds of one change. In every round one contender wins, and a user has about ten
 * calls in flight, so twenty rounds end in a refusal only under a storm.
 */
export const MAX_CHANGE_TRIES = 20;
/** Fresh starts of a read whose chunks were replaced underneath it. */
export const MAX_READ_TRIES = 8;
