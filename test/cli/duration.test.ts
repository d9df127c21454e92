import t from 'tap';
import { formatSeconds, parseSeconds } from '../../src/cli/duration.js';

t.test('durations as people type them', (t) => {
  for (const [text, seconds] of [
    ['45s', 45],
    ['30m', 1800],
    ['12h', 43_200],
    ['90d', 7_776_000],
    ['2w', 1_209_600],
  ] as const) {
    t.equal(parseSeconds(text, '--expires'), seconds);
  }
  for (const text of ['', '0s', '90', 'd', '-1d', '1.5h', '90 d', '9999999999d', '1y']) {
    t.throws(() => parseSeconds(text, '--expires'), { exitCode: 64, message: /--expires/ }, text);
  }
  t.end();
});

t.test('durations as people read them', (t) => {
  for (const [seconds, text] of [
    [0, '0s'],
    [59.9, '59s'],
    [3600, '1h'],
    [3725, '1h 2m'],
    [90_061, '1d 1h'],
    [86_405, '1d 5s'],
  ] as const) {
    t.equal(formatSeconds(seconds), text);
  }
  t.end();
});
