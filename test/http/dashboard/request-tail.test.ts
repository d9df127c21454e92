import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readRequestTail } from '../../../src/http/dashboard/request-tail.js';

const line = (id: number, pad = 0): string => `${JSON.stringify({ id, pad: 'x'.repeat(pad) })}\n`;

function log(t: Test, text: string) {
  const file = join(t.testdir({}), 'requests.log');
  writeFileSync(file, text);
  return file;
}

const ids = ({ lines }: { readonly lines: readonly unknown[] }) =>
  lines.map((each) => (each as { id: number }).id);

t.test('the newest lines first, then what has been added', async (t) => {
  const file = log(t, line(1) + line(2));
  const first = await readRequestTail(file, Number.NaN);
  t.strictSame(ids(first), [1, 2]);
  t.strictSame(ids(await readRequestTail(file, first.offset)), []);
  appendFileSync(file, line(3));
  t.strictSame(ids(await readRequestTail(file, first.offset)), [3]);
});

t.test('half a line waits for its other half', async (t) => {
  const file = log(t, `${line(1)}{"id":`);
  const first = await readRequestTail(file, Number.NaN);
  t.strictSame(ids(first), [1]);
  appendFileSync(file, '2}\n');
  t.strictSame(ids(await readRequestTail(file, first.offset)), [2]);
});

t.test('of a long file the end is read, from a whole line on', async (t) => {
  const file = log(t, Array.from({ length: 200 }, (_, id) => line(id, 1000)).join(''));
  const newest = await readRequestTail(file, Number.NaN);
  t.ok(newest.lines.length > 50 && newest.lines.length < 66, String(newest.lines.length));
  t.equal(ids(newest).at(-1), 199);
  t.equal(newest.hasGap, false);
  const late = await readRequestTail(file, 10);
  t.strictSame(ids(late), ids(newest));
  t.equal(late.hasGap, true, 'and what is left out is said');
});

t.test('a file that was turned over is read anew', async (t) => {
  const file = log(t, line(1) + line(2));
  const { offset } = await readRequestTail(file, Number.NaN);
  writeFileSync(file, line(3));
  t.strictSame(ids(await readRequestTail(file, offset)), [3]);
});

t.test('a torn line is left out; a missing file is an error', async (t) => {
  const file = log(t, `garbage\n${line(1)}`);
  t.strictSame(ids(await readRequestTail(file, Number.NaN)), [1]);
  await t.rejects(readRequestTail(join(file, 'not-there'), Number.NaN));
});
