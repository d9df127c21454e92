import t from 'tap';
import { StderrLog } from '../../src/host/stderr-log.js';
import { recordingLog } from '../support/stdio-fixtures/stdio-fixture.js';

function openLog() {
  const { log, entries } = recordingLog();
  const clock = { nowMs: 0 };
  const pauses: number[] = [];
  const stderr = new StderrLog({
    log,
    nowMs: () => clock.nowMs,
    pause: (forMs) => pauses.push(forMs),
  });
  return {
    stderr,
    clock,
    pauses,
    lines: () => entries.filter((entry) => 'stderr' in entry).map((entry) => entry['stderr']),
    suppressed: () =>
      entries
        .filter((entry) => 'suppressedLines' in entry)
        .map((entry) => entry['suppressedLines']),
  };
}

t.test('lines are logged as they come, the last one at the end', (t) => {
  const { stderr, lines } = openLog();
  stderr.push(Buffer.from('one\ntw'));
  stderr.push(Buffer.from('o\n\nthree'));
  t.strictSame(lines(), ['one', 'two']);
  stderr.end();
  t.strictSame(lines(), ['one', 'two', 'three']);
  t.end();
});

t.test('after fifty lines at once, ten a second pass and the rest is counted', (t) => {
  const { stderr, clock, lines, suppressed } = openLog();
  const hundred = Buffer.from('x\n'.repeat(100));
  stderr.push(hundred);
  t.equal(lines().length, 50);
  clock.nowMs = 1000;
  stderr.push(hundred);
  t.equal(lines().length, 60);
  t.strictSame(suppressed(), [50]);
  stderr.end();
  t.strictSame(suppressed(), [50, 90]);
  t.end();
});

t.test('a line is cut for the log, a huge one twice', (t) => {
  const { stderr, lines } = openLog();
  stderr.push(Buffer.from(`${'y'.repeat(5000)}\n${'z'.repeat(100_000)}\nshort\n`));
  t.strictSame(
    lines().map((line) => String(line).length),
    [1024, 1024, 5],
  );
  t.end();
});

t.test('reading pauses when more than 4 MiB a second come', (t) => {
  const { stderr, clock, pauses } = openLog();
  const chunk = Buffer.alloc(64 * 1024, 0x61);
  for (let sent = 0; sent < 64; sent += 1) stderr.push(chunk);
  t.strictSame(pauses, []);
  stderr.push(chunk);
  t.strictSame(pauses, [250]);
  clock.nowMs = 1000;
  stderr.push(chunk);
  t.equal(pauses.length, 1);
  t.end();
});

t.test('the last five lines explain an exit, logged or not', (t) => {
  const { stderr } = openLog();
  stderr.push(Buffer.from(Array.from({ length: 80 }, (_, n) => `line ${n}\n`).join('')));
  t.strictSame(stderr.lastLines(), ['line 75', 'line 76', 'line 77', 'line 78', 'line 79']);
  t.end();
});
