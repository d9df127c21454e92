import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { LineFile } from '../../src/telemetry/line-file.js';
import { nextTurn } from '../support/next-turn.js';
import { mountSmallDisk, NO_MOUNT } from '../support/small-disk.js';
import { until } from '../support/until.js';

const lineOf = (n: number): string => `{"n":${n},"text":"${'é'.repeat(n % 300)}"}\n`;

/** The numbers of the whole lines; what is no JSON is returned as it is. */
function linesOf(text: string): { numbers: number[]; torn: string[] } {
  const numbers: number[] = [];
  const torn: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      numbers.push((JSON.parse(line) as { n: number }).n);
    } catch {
      torn.push(line);
    }
  }
  return { numbers, torn };
}

const count = (length: number): number[] => Array.from({ length }, (_, n) => n);

t.test('lines arrive whole and in order, those of a turn together', async (t) => {
  const file = join(t.testdir(), 'logs', 'a.log');
  const lines = new LineFile(file, { periodMs: 20 });
  for (const n of count(5000)) lines.write(lineOf(n));
  await until(() => linesOf(readFileSync(file, 'utf8')).numbers.length === 5000, {
    timeoutMs: 20_000,
    what: 'all lines',
  });
  t.same(linesOf(readFileSync(file, 'utf8')), { numbers: count(5000), torn: [] });
  t.equal(lines.dropped(), 0);
  lines.end();
});

t.test('after a rename, lines go to a new file and none is lost', async (t) => {
  const file = join(t.testdir(), 'a.log');
  const lines = new LineFile(file, { periodMs: 5 });
  let written = 0;
  const archives: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (let n = 0; n < 2000; n += 1) lines.write(lineOf((written += 1)));
    await nextTurn();
    archives.push(`${file}.${round}`);
    renameSync(file, `${file}.${round}`);
    lines.reopen();
    await until(() => existing(file) !== null, { timeoutMs: 20_000, what: 'a new file' });
  }
  const all = (): string => [...archives, file].map((each) => existing(each) ?? '').join('');
  await until(() => linesOf(all()).numbers.length === written, {
    timeoutMs: 20_000,
    what: 'all lines',
  });
  t.same(linesOf(all()), { numbers: count(written).map((n) => n + 1), torn: [] });
  lines.end();
});

t.test('when its folder was removed, a reopen makes it again', async (t) => {
  const file = join(t.testdir(), 'logs', 'a.log');
  const lines = new LineFile(file, { periodMs: 20 });
  rmSync(dirname(file), { recursive: true });
  lines.reopen();
  await until(() => existing(file) !== null, { timeoutMs: 20_000, what: 'a new file' });
  lines.write(lineOf(1));
  await until(() => linesOf(readFileSync(file, 'utf8')).numbers.length === 1, {
    timeoutMs: 20_000,
    what: 'the line',
  });
  lines.end();
});

t.test('what waits at the end is flushed', (t) => {
  const file = join(t.testdir(), 'a.log');
  const lines = new LineFile(file, { periodMs: 3_600_000 });
  lines.write(lineOf(1));
  lines.end();
  t.same(linesOf(readFileSync(file, 'utf8')).numbers, [1]);
  t.throws(() => new LineFile(join(file, 'no', 'folder.log')), { code: 'ENOTDIR' });
  t.end();
});

t.test('a full disk: every line is written whole later, or counted as dropped', async (t) => {
  const disk = mountSmallDisk(256);
  if (disk === null) {
    t.pass('skipped', { skip: NO_MOUNT });
    return;
  }
  t.teardown(() => {
    disk.remove();
  });
  const file = join(disk.path, 'a.log');
  const lines = new LineFile(file, { periodMs: 10, maxQueuedChars: 100_000 });
  let written = 0;
  const write = (howMany: number): void => {
    for (let n = 0; n < howMany; n += 1) lines.write(lineOf((written += 1)));
  };
  write(50);
  disk.fill();
  await until(
    async () => {
      write(200);
      await nextTurn();
      return lines.dropped() > 1000;
    },
    { timeoutMs: 30_000, what: 'dropped lines' },
  );
  const onFullDisk = linesOf(readFileSync(file, 'utf8')).numbers.length;
  disk.free();
  await until(() => linesOf(readFileSync(file, 'utf8')).numbers.length > onFullDisk, {
    timeoutMs: 30_000,
    what: 'lines after the disk has room',
  });
  write(1);
  await until(() => linesOf(readFileSync(file, 'utf8')).numbers.at(-1) === written, {
    timeoutMs: 30_000,
    what: 'the last line',
  });
  const { numbers } = linesOf(readFileSync(file, 'utf8'));
  t.equal(new Set(numbers).size, numbers.length, 'none twice');
  t.equal(numbers.length + lines.dropped(), written, 'written or counted');
  t.same(
    numbers,
    numbers.toSorted((a, b) => a - b),
    'in order',
  );
  lines.end();
});

t.test('a reader that sleeps: lines wait, then are dropped; nobody waits for it', async (t) => {
  const fifo = join(t.testdir(), 'pipe');
  execFileSync('mkfifo', [fifo]);
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => {
    closeSync(fd);
  });
  const lines = new LineFile(fd, { periodMs: 5, maxQueuedChars: 300_000 });
  const all = 3000;
  for (const n of count(all)) {
    lines.write(lineOf(n));
    if (n % 100 === 0) await nextTurn();
  }
  t.ok(lines.dropped() > 0, 'more than a pipe and the queue hold');
  const buffer = Buffer.alloc(65_536);
  const read: Buffer[] = [];
  const wanted = all - lines.dropped();
  await until(
    () => {
      read.push(Buffer.from(buffer.subarray(0, readAvailable(fd, buffer))));
      return linesOf(Buffer.concat(read).toString()).numbers.length === wanted;
    },
    { timeoutMs: 30_000, what: 'what was not dropped' },
  );
  t.same(linesOf(Buffer.concat(read).toString()).torn, [], 'a pipe goes on where it stopped');
  lines.end();
});

function readAvailable(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer);
  } catch {
    return 0; // Nothing there now.
  }
}

function existing(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
