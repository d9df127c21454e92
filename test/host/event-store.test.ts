import t from 'tap';
import fc from 'fast-check';
import { EventStore } from '../../src/host/event-store.js';

const fill = (store: EventStore, sizes: readonly number[]): void => {
  for (const size of sizes) store.append(() => Buffer.alloc(size));
};

t.test('events count from 1 and come back from any point in order', (t) => {
  const store = new EventStore({ maxEvents: 10, maxBytes: 1000 });
  fill(store, [1, 2, 3]);
  t.same(
    store.after(0).map((event) => event.sequence),
    [1, 2, 3],
  );
  t.same(
    store.after(2).map((event) => event.bytes.length),
    [3],
  );
  t.same(store.after(3), []);
  t.equal(store.lastSequence, 3);
  t.end();
});

t.test('the newest event is kept even when it alone is too large', (t) => {
  const store = new EventStore({ maxEvents: 10, maxBytes: 100 });
  fill(store, [10, 500]);
  t.same(
    store.after(0).map((event) => event.sequence),
    [2],
  );
  t.equal(store.byteLength, 500);
  store.clear();
  t.equal(store.byteLength, 0);
  t.end();
});

t.test('whatever is appended, both bounds hold and what is kept are the newest', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 100, size: 'max' }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 200 }),
      (sizes, maxEvents, maxBytes) => {
        const store = new EventStore({ maxEvents, maxBytes });
        for (const [index, size] of sizes.entries()) {
          fill(store, [size]);
          const kept = store.after(0);
          const bytes = kept.reduce((sum, event) => sum + event.bytes.length, 0);
          if (bytes !== store.byteLength || kept.length > maxEvents) return false;
          if (bytes > maxBytes && kept.length > 1) return false;
          if (kept.at(-1)?.sequence !== index + 1) return false;
          if (kept.some((event, at) => event.sequence !== index + 2 - kept.length + at))
            return false;
        }
        return true;
      },
    ),
  );
  t.end();
});
