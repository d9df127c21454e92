import t from 'tap';
import { ChunkCache } from '../../../src/servers/meerkats-table/chunk-cache.js';
import { rowsOf } from './support/columns.js';

t.test('a chunk is found again by its user and key only', (t) => {
  const cache = new ChunkCache();
  const rows = rowsOf(['a']);
  cache.set('ada', 'k', rows, 10);
  t.equal(cache.get('ada', 'k'), rows);
  t.equal(cache.get('bob', 'k'), undefined);
  t.equal(cache.get('ada', 'x'), undefined);
  t.end();
});

t.test('users whose ids run into the key stay apart', (t) => {
  const cache = new ChunkCache();
  cache.set('a', 'b:c', rowsOf(['secret']), 10);
  t.equal(cache.get('a:b', 'c'), undefined);
  t.equal(cache.get('1:a', 'b:c'), undefined);
  t.end();
});

t.test('the bound is in bytes; the least recently used leave first', (t) => {
  const cache = new ChunkCache(100);
  cache.set('u', '1', rowsOf(['a']), 50);
  cache.set('u', '2', rowsOf(['b']), 50);
  t.ok(cache.get('u', '1'));
  cache.set('u', '3', rowsOf(['c']), 50);
  t.ok(cache.get('u', '1'));
  t.equal(cache.get('u', '2'), undefined);
  cache.set('u', 'huge', rowsOf(['d']), 101);
  t.equal(cache.get('u', 'huge'), undefined);
  t.end();
});
