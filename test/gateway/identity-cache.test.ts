import t from 'tap';
import { ANONYMOUS } from '../../src/gateway/authenticate.js';
import { IdentityCache } from '../../src/gateway/identity-cache.js';

const options = { ttlMs: 1000, negativeTtlMs: 50, staleGraceMs: 5000, maxEntries: 3 };
const ana = { ...ANONYMOUS, user: 'ana', keyId: 'key-of-ana' };

t.test('freshness ends with the shorter of TTL and credential, and so does grace', (t) => {
  const cache = new IdentityCache(options);
  cache.keep('a', ana, Infinity, 100);
  t.match(cache.identity('a'), { freshUntilMs: 1100, staleUntilMs: 6100 });
  cache.keep('a', ana, 200, 100);
  t.match(cache.identity('a'), { freshUntilMs: 300, staleUntilMs: 300 });
  t.end();
});

t.test('a flood of refusals pushes out no identity', (t) => {
  const cache = new IdentityCache(options);
  cache.keep('a', ana, Infinity, 0);
  for (let n = 0; n < 100; n += 1) cache.refuse(String(n), 'unknown-key', 0);
  t.ok(cache.identity('a'));
  t.equal(cache.refusal('0', 0), null, 'refusals are bounded themselves');
  t.equal(cache.refusal('99', 49), 'unknown-key');
  t.equal(cache.refusal('99', 50), null);
  t.end();
});

t.test('a large table of identities does not make that of refusals large', (t) => {
  const cache = new IdentityCache({ ...options, maxEntries: 100_000 });
  for (let n = 0; n < 6_000; n += 1) cache.refuse(String(n), 'unknown-key', 0);
  t.equal(cache.refusal('0', 0), null);
  t.equal(cache.refusal('5999', 0), 'unknown-key');
  t.end();
});

t.test('the table is bounded, and the key index with it', (t) => {
  const cache = new IdentityCache(options);
  for (let n = 0; n < 10; n += 1) {
    cache.keep(`hash${n}`, { ...ana, keyId: `key${n}` }, Infinity, 0);
  }
  t.equal(cache.size, 3);
  cache.forgetKey('key0');
  t.equal(cache.size, 3, 'evicted long ago');
  cache.forgetKey('key9');
  t.equal(cache.identity('hash9'), undefined);
  t.equal(cache.size, 2);
  t.end();
});

t.test('a key that was kept again is still found by its id', (t) => {
  const cache = new IdentityCache(options);
  cache.keep('a', ana, Infinity, 0);
  cache.keep('a', ana, Infinity, 10);
  cache.forgetKey('key-of-ana');
  t.equal(cache.identity('a'), undefined);
  t.end();
});

t.test('a refusal replaces the identity; clearing forgets both', (t) => {
  const cache = new IdentityCache(options);
  cache.keep('a', ana, Infinity, 0);
  cache.refuse('a', 'revoked-key', 0);
  t.equal(cache.identity('a'), undefined);
  cache.keep('b', ana, Infinity, 0);
  cache.clear();
  t.equal(cache.identity('b'), undefined);
  t.equal(cache.refusal('a', 0), null);
  t.end();
});

t.test('table keys are digests: the credential is in none of them', (t) => {
  const key = IdentityCache.keyOf('mmcp_secret');
  t.match(key, /^[\w+/]{43}=$/);
  t.equal(IdentityCache.keyOf('mmcp_secret'), key);
  t.not(IdentityCache.keyOf('mmcp_secreu'), key);
  t.end();
});

t.test('a sweep takes what serves nobody any more, and its place in the key index', (t) => {
  const cache = new IdentityCache(options);
  cache.keep('a', ana, Infinity, 0);
  cache.keep('b', { ...ana, keyId: 'other' }, 200, 0);
  cache.refuse('c', 'unknown-key', 0);
  t.equal(cache.sweep(49), 0);
  t.equal(cache.sweep(200), 2, 'the expired credential and the refusal');
  t.ok(cache.identity('a'));
  t.equal(cache.sweep(5999), 0, 'within its grace');
  t.equal(cache.sweep(6000), 1);
  t.equal(cache.size, 0);
  t.end();
});
