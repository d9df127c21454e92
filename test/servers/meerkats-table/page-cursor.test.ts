import t from 'tap';
import {
  pageStart,
  queryDigest,
  readCursor,
  writeCursor,
} from '../../../src/servers/meerkats-table/page-cursor.js';
import { parseSort, sortRows } from '../../../src/servers/meerkats-table/row-sort.js';
import { EVERY_TYPE, rowsOf } from './support/columns.js';

const DIGEST = queryDigest(['table', undefined]);
const BROKEN = { message: /^This is no cursor of query_rows/, name: 'ToolProblem' };

t.test('a cursor leads to the row after the one it names', (t) => {
  const terms = parseSort(EVERY_TYPE, [{ column: 't', direction: 'desc' }]);
  const rows = sortRows(rowsOf(['a'], [null], ['c'], ['b']), terms);
  for (const [index, row] of rows.entries()) {
    const cursor = readCursor(DIGEST, writeCursor(DIGEST, row, index + 1, true));
    t.equal(cursor.kind, 'after');
    t.equal(pageStart(rows, terms, cursor), index + 1);
  }
  t.end();
});

t.test('a position too long to hand around, and one among aggregates, is counted instead', (t) => {
  const long = { id: 1, keys: ['x'.repeat(2000)] };
  t.strictSame(readCursor(DIGEST, writeCursor(DIGEST, long, 7, true)), {
    kind: 'offset',
    offset: 7,
  });
  const short = { id: 1, keys: ['x'] };
  t.strictSame(readCursor(DIGEST, writeCursor(DIGEST, short, 7, false)), {
    kind: 'offset',
    offset: 7,
  });
  t.equal(pageStart([], [], { kind: 'offset', offset: 7 }), 7);
  t.end();
});

t.test('queries that say the same have one digest, others another', (t) => {
  const one = queryDigest(['t', { column: 'a', op: 'eq' }]);
  t.equal(queryDigest(['t', { op: 'eq', column: 'a' }]), one);
  t.not(queryDigest(['t', { op: 'eq', column: 'b' }]), one);
  t.not(queryDigest(['a', 'b']), queryDigest(['ab', '']));
  t.end();
});

t.test('a cursor of another query is refused and says so', (t) => {
  const cursor = writeCursor(DIGEST, { id: 1, keys: [] }, 1, true);
  t.throws(() => readCursor(queryDigest(['other']), cursor), {
    message: /belongs to another query/,
  });
  t.end();
});

t.test('anything else is no cursor', (t) => {
  const encode = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const cursor of ['', 'hello', encode({}), 'x'.repeat(5000)]) {
    t.throws(() => readCursor(DIGEST, cursor), BROKEN, cursor.slice(0, 20));
  }
  for (const place of [-1, 1.5, '1', null, {}, { offset: -1 }, { offset: '1' }]) {
    t.throws(() => readCursor(DIGEST, encode([DIGEST, place])), BROKEN, JSON.stringify(place));
  }
  t.throws(() => readCursor(DIGEST, encode([DIGEST, 1, {}])), BROKEN);
  t.end();
});

t.test('a position with other sort columns is refused', (t) => {
  const terms = parseSort(EVERY_TYPE, [{ column: 't' }]);
  const cursor = { kind: 'after', position: { id: 1, keys: [] } } as const;
  t.throws(() => pageStart([], terms, cursor), BROKEN);
  t.end();
});
