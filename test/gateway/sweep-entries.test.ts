import { LRUCache } from 'lru-cache';
import t from 'tap';
import { sweepEntries } from '../../src/gateway/sweep-entries.js';

t.test('what is over goes; only so many of the longest unused are looked at', (t) => {
  const cache = new LRUCache<string, { readonly untilMs: number }>({ max: 30_000 });
  for (let i = 0; i < 25_000; i += 1) cache.set(String(i), { untilMs: i % 2 });
  t.equal(
    sweepEntries(cache, ({ untilMs }) => untilMs === 0),
    5000,
  );
  t.equal(cache.size, 20_000);
  t.equal(cache.peek('0'), undefined);
  t.ok(cache.peek('24998'), 'used last, looked at later');
  t.end();
});
