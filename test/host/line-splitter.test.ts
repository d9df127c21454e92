import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { LineSplitter } from '../../src/host/line-splitter.js';
import { countCopiedBytes } from '../support/count-copied-bytes.js';

interface Seen {
  readonly lines: string[];
  readonly overlong: number[];
}

function split(chunks: readonly Buffer[], maxLineBytes = 1_000_000): Seen {
  const seen: Seen = { lines: [], overlong: [] };
  const splitter = new LineSplitter(maxLineBytes, {
    onLine: (line) => seen.lines.push(line.toString()),
    onOverlong: (start) => seen.overlong.push(start.length),
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return seen;
}

function cut(text: string, sizes: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

t.test('lines come whole, whatever the chunks', (t) => {
  const line = fc
    .string({ unit: 'grapheme', maxLength: 60, size: 'max' })
    .map((text) => text.replaceAll(/[\r\n]/g, '-'));
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 20, size: 'max' }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10, size: 'max' }),
      fc.constantFrom('\n', '\r\n'),
      (lines, sizes, newline) => {
        const text = lines.map((each) => each + newline).join('');
        assert.deepEqual(split(cut(text, sizes)).lines, lines);
      },
    ),
  );
  t.pass();
  t.end();
});

t.test('a last line without a newline counts', (t) => {
  t.strictSame(split([Buffer.from('a\nb')]).lines, ['a', 'b']);
  t.end();
});

t.test(
  'a line of exactly the cap passes, one byte more does not, and the next line is fine',
  (t) => {
    for (const sizes of [[1], [3], [100]]) {
      t.strictSame(split(cut('12345\nok\n', sizes), 5), { lines: ['12345', 'ok'], overlong: [] });
      t.strictSame(split(cut('123456\nok\n', sizes), 5), { lines: ['ok'], overlong: [5] });
      t.strictSame(split(cut(`${'x'.repeat(40)}\nok`, sizes), 5), { lines: ['ok'], overlong: [5] });
    }
    t.end();
  },
);

t.test('an emitted line is not overwritten by the next', (t) => {
  const lines: Buffer[] = [];
  const splitter = new LineSplitter(100, {
    onLine: (line) => lines.push(line),
    onOverlong: () => undefined,
  });
  for (const chunk of cut('first\nother\n', [2])) splitter.push(chunk);
  t.strictSame(lines.map(String), ['first', 'other']);
  t.end();
});

t.test('a line in one-byte chunks copies each byte a few times only', (t) => {
  const size = 512 * 1024;
  const chunk = Buffer.from('a');
  const seen: number[] = [];
  const splitter = new LineSplitter(size, {
    onLine: (line) => seen.push(line.length),
    onOverlong: () => undefined,
  });
  const copied = countCopiedBytes(() => {
    for (let sent = 0; sent < size; sent += 1) splitter.push(chunk);
    splitter.push(Buffer.from('\n'));
  });
  t.strictSame(seen, [size]);
  t.ok(copied <= 3 * size, `copied ${copied} bytes`);
  t.end();
});
