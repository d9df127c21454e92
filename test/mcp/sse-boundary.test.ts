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
