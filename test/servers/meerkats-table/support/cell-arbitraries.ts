/** fast-check arbitraries of cells, with many equal values among them, so that ties and clashes happen. */
import fc from 'fast-check';
import { canonicalDate } from '../../../../src/servers/meerkats-table/calendar-date.js';
import {
  parseCell,
  type Cell,
  type ColumnType,
} from '../../../../src/servers/meerkats-table/cell-values.js';
import type { Row } from '../../../../src/servers/meerkats-table/table-schema.js';

const AWKWARD_TEXT = fc.constantFrom(
  '',
  ' ',
  '"',
  ',',
  '\r\n',
  '\n',
  '\uFEFF',
  "'",
  '=1',
  'ä',
  '😀',
  'a',
  'A',
  'ab',
  'null',
);
// A small alphabet, so that texts start with, contain and equal each other.
const LIKELY_ALIKE = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength: 4 });
const TEXT = fc.oneof(AWKWARD_TEXT, LIKELY_ALIKE, fc.string({ unit: 'grapheme', maxLength: 6 }));
const NUMBER = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0.1, 1e21, 2 ** 53, -(2 ** 60), 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
);
const DATE = fc.oneof(
  fc.constantFrom('2026-01-01', '2026-01-01T00:00:00.000Z', '2026-01-02'),
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => canonicalDate(date.toISOString()) ?? ''),
);
const JSON_VALUE = fc
  .jsonValue({ maxDepth: 2 })
  // Through JSON text, as values arrive from a client.
  .map((value) => JSON.parse(JSON.stringify(value)) as Cell)
  .filter((value) => parseCell('json', value).ok);

const BY_TYPE: Record<ColumnType, fc.Arbitrary<Cell>> = {
  text: TEXT,
  number: NUMBER,
  boolean: fc.boolean(),
  date: DATE,
  json: JSON_VALUE,
};

export function cellOf(type: ColumnType): fc.Arbitrary<Cell> {
  return fc.option(BY_TYPE[type], { nil: null, freq: 5 });
}

/** Rows of the columns of `EVERY_TYPE`, numbered from 1. */
export const EVERY_TYPE_ROWS: fc.Arbitrary<Row[]> = fc
  .array(
    fc.tuple(cellOf('text'), cellOf('number'), cellOf('boolean'), cellOf('date'), cellOf('json')),
    {
      maxLength: 30,
      size: 'max',
    },
  )
  .map((rows) => rows.map((cells, index) => ({ id: index + 1, cells })));
