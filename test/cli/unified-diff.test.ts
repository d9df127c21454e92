import fc from 'fast-check';
import t from 'tap';
import { unifiedDiff } from '../../src/cli/unified-diff.js';

const plain = { name: 'file', isColored: false };

t.test('a change is shown with its surroundings, and where it is', (t) => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\n';
  t.equal(
    unifiedDiff(before, before.replace('e\n', 'E\nnew\n'), plain),
    '--- file\n+++ file\n@@ -2,7 +2,8 @@\n b\n c\n d\n-e\n+E\n+new\n f\n g\n h\n',
  );
  t.equal(unifiedDiff(before, before, plain), '');
  t.match(unifiedDiff('a\n', 'b\n', { name: 'x', isColored: true }), /\u001b\[3[12]m/);
  t.end();
});

t.test('changes far apart are shown apart', (t) => {
  const lines = Array.from({ length: 40 }, (_, i) => `line ${i}`);
  const after = lines.map((line, i) => (i === 5 || i === 30 ? `${line}!` : line));
  const diff = unifiedDiff(lines.join('\n'), after.join('\n'), plain);
  t.equal(diff.match(/^@@/gm)?.length, 2);
  t.match(diff, /@@ -28,7 \+28,7 @@/);
  t.end();
});

/** Applies a diff as `patch` does: what does not fit is a fault of the diff. */
function patched(before: string, diff: string): string {
  const lines = before.split('\n');
  let offset = 0;
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const heading = /^@@ -(\d+),/.exec(line);
    if (heading !== null) {
      at = Number(heading[1]) - 1 + offset;
      continue;
    }
    const text = line.slice(1);
    if (line.startsWith('+')) {
      lines.splice(at, 0, text);
      at += 1;
      offset += 1;
      continue;
    }
    if (lines[at] !== text) throw new Error(`${at}: ${text} does not fit`);
    if (line.startsWith(' ')) at += 1;
    else {
      lines.splice(at, 1);
      offset -= 1;
    }
  }
  return lines.join('\n');
}

t.test('applied to the one text it gives the other, and is no longer than it must be', (t) => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 25, size: 'max' })
    .map((lines) => [...lines, 'end'].join('\n'));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const diff = unifiedDiff(before, after, plain);
      return patched(before, diff) === after;
    }),
    { numRuns: 3_000 },
  );
  t.end();
});

t.test('texts that share nothing are shown as replaced, however long', (t) => {
  const lines = (name: string) => Array.from({ length: 3000 }, (_, i) => `${name} ${i}`).join('\n');
  const diff = unifiedDiff(lines('a'), lines('b'), plain);
  t.equal(diff.split('\n').filter((line) => line.startsWith('-a')).length, 3000);
  t.end();
});
