import fc from 'fast-check';
import t from 'tap';
import { completeEventsLength } from '../../src/mcp/sse-boundary.js';

const length = (text: string): number => completeEventsLength(Buffer.from(text));

t.test('the last blank line ends the complete part, whatever the line ends', async (t) => {
  t.equal(length('data: a\n\n'), 9);
  t.equal(length('data: a\n\ndata: b'), 9);
  t.equal(length('data: a\r\n\r\ndata'), 11);
  t.equal(length('data: a\r\rdata'), 9);
  t.equal(length('data: a\n'), 0);
  t.equal(length('data: a\r\n'), 0);
  t.equal(length(''), 0);
});

/** Byte by byte, as the standard says it. */
function reference(text: string): number {
  let end = 0;
  for (let at = 0, lineStart = 0; at < text.length; at += 1) {
    if (text[at] !== '\n' && text[at] !== '\r') continue;
    const isBlank = at === lineStart && at > 0;
    const isCrLf = text[at] === '\r' && text[at + 1] === '\n';
    if (isBlank) end = at + (isCrLf ? 2 : 1);
    if (isCrLf) at += 1;
    lineStart = at + 1;
  }
  return end;
}

const lines = fc.string({
  unit: fc.constantFrom('a', '\n', '\r', '\r\n', ':'),
  maxLength: 40,
  size: 'max',
});

t.test('it is where a reader of the standard sees the last blank line', async (t) => {
  // A stream does not begin with a line end here: whether that is blank depends on what came before.
  fc.assert(
    fc.property(lines, (text) => {
      t.equal(length(`a${text}`), reference(`a${text}`), JSON.stringify(text));
    }),
  );
});

t.test('what was looked at before is not needed again', async (t) => {
  fc.assert(
    fc.property(lines, lines, (seen, fresh) => {
      fc.pre(length(seen) === 0);
      const bytes = Buffer.from(seen + fresh);
      t.equal(completeEventsLength(bytes, seen.length), completeEventsLength(bytes));
    }),
  );
});

t.test('no split of a stream loses or cuts an event', async (t) => {
  const events = fc.array(
    fc.string({ minLength: 1, maxLength: 9 }).map((s) => s.replace(/[\r\n]/g, '_')),
    {
      minLength: 1,
      maxLength: 20,
      size: 'max',
    },
  );
  fc.assert(
    fc.property(
      events,
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (texts, sizes) => {
        const stream = Buffer.from(texts.map((text) => `data: ${text}\n\n`).join(''));
        let held = Buffer.alloc(0);
        let passed = '';
        for (let at = 0, i = 0; at < stream.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1;
          const bytes = Buffer.concat([held, stream.subarray(at, at + size)]);
          const complete = completeEventsLength(bytes);
          const part = bytes.subarray(0, complete).toString();
          if (part !== '') t.ok(part.endsWith('\n\n'));
          passed += part;
          held = bytes.subarray(complete);
          at += size;
        }
        t.equal(passed, stream.toString());
        t.equal(held.length, 0);
      },
    ),
  );
});
