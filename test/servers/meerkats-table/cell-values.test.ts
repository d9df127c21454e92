import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  canonicalJson,
  COLUMN_TYPES,
  comparable,
  isJson,
  parseCell,
  type Cell,
  type ColumnType,
} from '../../../src/servers/meerkats-table/cell-values.js';
import { cellOf } from './support/cell-arbitraries.js';
import { holds } from './support/holds.js';

function parse(type: ColumnType, value: unknown): unknown {
  const parsed = parseCell(type, value);
  return parsed.ok ? parsed.value : parsed.problem;
}

t.test('each type takes its own values and refuses all others, saying what it got', (t) => {
  const own: [ColumnType, unknown, Cell][] = [
    ['text', '', ''],
    ['number', -1.5, -1.5],
    ['number', -0, 0],
    ['boolean', false, false],
    ['date', '2026-03-01', '2026-03-01'],
    ['date', '2026-03-01T10:00:00+02:00', '2026-03-01T08:00:00.000Z'],
    ['json', [1, { a: null }], [1, { a: null }]],
    ['json', 'x', 'x'],
  ];
  for (const [type, value, cell] of own) t.strictSame(parse(type, value), cell);
  const others: [ColumnType, unknown, RegExp][] = [
    ['text', 5, /expected text, got 5/],
    ['number', '5', /expected a number, got "5"/],
    ['number', Infinity, /expected a number/],
    ['boolean', 0, /expected true or false, got 0/],
    ['date', 20260301, /ISO 8601/],
    ['date', '2026-02-30', /ISO 8601/],
    ['json', undefined, /expected a JSON value/],
    ['json', () => 1, /expected a JSON value/],
  ];
  for (const [type, value, problem] of others) t.match(parse(type, value), problem);
  for (const type of COLUMN_TYPES) t.equal(parse(type, null), null);
  t.end();
});

t.test('a cell holds 64 KiB of UTF-8, not one byte more', (t) => {
  t.equal(parse('text', 'ä'.repeat(32 * 1024)), 'ä'.repeat(32 * 1024));
  t.match(parse('text', 'ä'.repeat(32 * 1024) + 'a'), /is 65537 bytes; a cell holds at most 65536/);
  t.match(parse('json', ['a'.repeat(64 * 1024)]), /is 65540 bytes/);
  t.end();
});

t.test('half a surrogate pair is refused in text', (t) => {
  t.match(parse('text', 'a\uD83D'), /surrogate/);
  t.equal(parse('text', '😀'), '😀');
  t.end();
});

t.test('json is bounded in depth', (t) => {
  const nested = (depth: number): Cell => (depth === 0 ? 1 : [nested(depth - 1)]);
  t.ok(isJson(nested(32)));
  t.notOk(isJson(nested(33)));
  t.end();
});

t.test('a __proto__ member of a json value stays a plain member', (t) => {
  const value: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
  const cell = parse('json', value);
  t.equal(JSON.stringify(cell), '{"__proto__":{"polluted":true}}');
  t.equal(canonicalJson(cell as Cell), '{"__proto__":{"polluted":true}}');
  t.notOk('polluted' in {});
  t.end();
});

t.test('equal json values have equal texts whatever the order of their members', (t) => {
  t.equal(canonicalJson({ b: [1, { d: 1, c: 2 }], a: null }), '{"a":null,"b":[1,{"c":2,"d":1}]}');
  t.end();
});

t.test(
  'comparables tell apart what differs: no value of a type equals null or another value',
  (t) => {
    for (const type of COLUMN_TYPES) {
      holds(
        t,
        fc.property(cellOf(type), cellOf(type), (a, b) => {
          assert.equal(comparable(type, a) === null, a === null);
          if (type === 'date') return;
          const isEqual = comparable(type, a) === comparable(type, b);
          assert.equal(isEqual, canonicalJson(a) === canonicalJson(b));
        }),
      );
    }
    t.end();
  },
);
