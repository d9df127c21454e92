import t from 'tap';
import { readEntry, writtenEntry } from '../../src/primary/machine-entry.js';

const facts = {
  name: 'north',
  address: '127.0.0.1:8080',
  version: '1.0.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  workers: 4,
  place: 'p',
};
const report = {
  holdsAll: false,
  claimsAll: false,
  shares: { 'server:__proto__': [0.5, 0.5, 1], total: [0.25, 0.5, 0.1] },
} as const;

t.test('what one machine writes another reads', (t) => {
  const value = JSON.parse(JSON.stringify(writtenEntry(facts, report))) as unknown;
  t.same(readEntry({ id: 'a', beat: 3, value }), { id: 'a', beat: 3, facts, report });
  t.end();
});

t.test('what cannot be read has no report, and so holds everything', (t) => {
  for (const odd of [
    null,
    'text',
    [],
    {},
    { report: {} },
    { report: { ...report, holdsAll: 1 } },
    { report: { ...report, shares: { total: [0.5, 0.5] } } },
    { report: { ...report, shares: { total: [-1, 0, 0] } } },
    { report: { ...report, shares: { total: [null, 0, 0] } } },
    { report: { ...report, shares: { total: 'all' } } },
    { name: 7, workers: 'x', report: null },
  ]) {
    const read = readEntry({ id: 'a', beat: 1, value: odd });
    t.equal(read.report, null, JSON.stringify(odd));
    t.match(read.facts, { name: '?', workers: 0 });
  }
  const shares = Object.fromEntries(Array.from({ length: 20_001 }, (_, n) => [`k${n}`, [0, 0, 0]]));
  const many = readEntry({ id: 'a', beat: 1, value: { report: { ...report, shares } } });
  t.equal(many.report, null, 'nor what has no end');
  t.equal(readEntry({ id: 'a', beat: 1, value: { name: 'x'.repeat(999) } }).facts.name.length, 200);
  t.end();
});
