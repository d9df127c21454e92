import t from 'tap';
import { RetainedStreams } from '../../src/host/retained-streams.js';
import { SessionStream } from '../../src/host/session-stream.js';

function stream(bytes: number): SessionStream {
  const made = new SessionStream({
    number: 1,
    store: { maxEvents: 10, maxBytes: 1_000_000 },
    nowMs: 0,
  });
  made.send(Buffer.alloc(bytes));
  return made;
}

t.test('the oldest are forgotten when they are too many bytes', (t) => {
  const retained = new RetainedStreams({ maxBytes: 10_000, maxAgeMs: 1000 });
  const forgotten: number[] = [];
  for (let n = 0; n < 5; n += 1) retained.add(stream(2000), n, () => forgotten.push(n));
  t.same(forgotten, [0, 1]);
  t.ok(retained.byteLength <= 10_000);
  t.end();
});

t.test('the oldest are forgotten when they are old', (t) => {
  const retained = new RetainedStreams({ maxBytes: 100_000, maxAgeMs: 1000 });
  const forgotten: string[] = [];
  const kept = stream(10);
  retained.add(stream(10), 0, () => forgotten.push('old'));
  retained.add(kept, 500, () => forgotten.push('young'));
  retained.sweep(999);
  t.same(forgotten, []);
  retained.sweep(1000);
  t.same(forgotten, ['old']);
  retained.delete(kept);
  retained.delete(kept);
  retained.sweep(10_000);
  t.same(forgotten, ['old'], 'who is deleted is not told');
  t.equal(retained.byteLength, 0);
  t.end();
});
