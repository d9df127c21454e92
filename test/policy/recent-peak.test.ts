import t from 'tap';
import { RecentPeak } from '../../src/policy/recent-peak.js';

t.test('a peak is remembered for one to two spans', (t) => {
  const peak = new RecentPeak(1000);
  t.equal(peak.value(0), 0);
  peak.note(100, 7);
  peak.note(200, 3);
  t.equal(peak.value(900), 7);
  peak.note(1150, 2);
  t.equal(peak.value(1200), 7);
  t.equal(peak.value(2200), 2);
  t.equal(peak.value(3300), 0);
  peak.note(3400, 5);
  t.equal(peak.value(60_000), 0, 'after a long silence nothing is left');
  t.end();
});
