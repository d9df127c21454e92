import fc from 'fast-check';
import t from 'tap';
import { EventBuffer } from '../../src/mcp/event-buffer.js';
import { completeEventsLength } from '../../src/mcp/sse-boundary.js';

t.test(
  'however a stream is cut, the same whole events come out, each as soon as it has ended',
  (t) => {
    const line = fc.constantFrom('data: x', ': c', 'data: é', '');
    const end = fc.constantFrom('\n', '\r\n', '\r');
    const text = fc
      .array(fc.tuple(line, end), { maxLength: 30, size: 'max' })
      .map((lines) => lines.flat().join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 12 }), (stream, cuts) => {
        const bytes = Buffer.from(stream);
        const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort(
          (a, b) => a - b,
        );
        const buffer = new EventBuffer();
        const out: Buffer[] = [];
        let from = 0;
        for (const to of ends) {
          out.push(buffer.take(bytes.subarray(from, to)) ?? Buffer.alloc(0));
          from = to;
          const passed = Buffer.concat(out).length;
          if (passed + buffer.heldBytes !== to) return false;
          if (completeEventsLength(buffer.held()) !== 0) return false;
        }
        out.push(buffer.takeHeld() ?? Buffer.alloc(0));
        return Buffer.concat(out).equals(bytes) && buffer.takeHeld() === null;
      }),
      { numRuns: 3_000 },
    );
    t.end();
  },
);

t.test('an event that is whole in its piece is passed on without being copied', (t) => {
  const buffer = new EventBuffer();
  const chunk = Buffer.from('data: 1\n\ndata: 2');
  const whole = buffer.take(chunk);
  t.equal(whole?.toString(), 'data: 1\n\n');
  t.equal(whole?.buffer, chunk.buffer);
  t.equal(buffer.heldBytes, 7);
  t.end();
});
