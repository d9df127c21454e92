import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  canonicalDate,
  comparableDate,
} from '../../../src/servers/meerkats-table/calendar-date.js';
import { holds } from './support/holds.js';

t.test('days stay days, date-times become UTC with milliseconds', (t) => {
  const cases: [string, string][] = [
    ['2026-03-01', '2026-03-01'],
    ['2024-02-29', '2024-02-29'],
    ['2026-03-01T10:00', '2026-03-01T10:00:00.000Z'],
    ['2026-03-01 10:00:05', '2026-03-01T10:00:05.000Z'],
    ['2026-03-01t10:00:05.5z', '2026-03-01T10:00:05.500Z'],
    ['2026-03-01T10:00:05.123456789Z', '2026-03-01T10:00:05.123Z'],
    ['2026-03-01T00:30:00+0100', '2026-02-28T23:30:00.000Z'],
    ['2026-03-01T00:30:00-05:30', '2026-03-01T06:00:00.000Z'],
  ];
  for (const [text, canonical] of cases) t.equal(canonicalDate(text), canonical, text);
  t.end();
});

t.test('what is no day or instant is refused', (t) => {
  const texts = [
    '',
    'today',
    '2026-3-1',
    '2026-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-02-30T10:00:00Z',
    '2026-03-01T25:00:00Z',
    '2026-03-01T10:00:00+99:00',
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00+01:00',
    '12026-03-01',
    '2026-03-01T10:00:00Z ',
    '2026-03-01\n',
  ];
  for (const text of texts) t.equal(canonicalDate(text), null, text);
  t.end();
});

t.test('the order of canonical texts is the order of time', (t) => {
  const day = fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-30'), noInvalidDate: true })
    .chain((date) => fc.constantFrom(date.toISOString(), date.toISOString().slice(0, 10)))
    .map((text) => canonicalDate(text) ?? '');
  holds(
    t,
    fc.property(day, day, (a, b) => {
      const byText = comparableDate(a) < comparableDate(b);
      assert.equal(byText, new Date(a).getTime() < new Date(b).getTime());
    }),
  );
  t.end();
});
