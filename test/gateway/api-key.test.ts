import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import {
  apiKeyId,
  hashApiKey,
  isSameHash,
  looksLikeApiKey,
  mintApiKey,
} from '../../src/gateway/api-key.js';

const pepper = createSecretKey(Buffer.alloc(32, 7));

t.test('a minted key has the documented shape and gives its id back', (t) => {
  for (let n = 0; n < 200; n += 1) {
    const { id, key } = mintApiKey();
    t.equal(key.length, 68);
    t.match(key, /^mmcp_[a-z2-9]{12}_[\w-]{43}_[\w-]{6}$/);
    t.equal(apiKeyId(key), id);
  }
  t.end();
});

t.test('a key of an earlier release is still read: the format is pinned', (t) => {
  const key = `mmcp_abcdefghijkm_${'_-'.repeat(21)}A_josEVw`;
  t.equal(apiKeyId(key), 'abcdefghijkm');
  t.equal(
    hashApiKey(key, pepper),
    'a7a2bbf724df8cdea13db08d8b00ba3ef0add6c40440789eea6ababd56e4a7da',
  );
  t.end();
});

t.test('property: any one changed, lost or doubled character is noticed', (t) => {
  fc.assert(
    fc.property(fc.nat(67), fc.constantFrom('a', '_', '-', 'Z', '9', ' ', 'é', ''), (at, put) => {
      const { key } = mintApiKey();
      const changed = key.slice(0, at) + put + key.slice(at + 1);
      return changed === key || apiKeyId(changed) === null;
    }),
    { numRuns: 2000 },
  );
  const { key } = mintApiKey();
  for (const damaged of [`${key}a`, ` ${key}`, `${key}\n`, key.slice(1), '', 'mmcp_']) {
    t.equal(apiKeyId(damaged), null, JSON.stringify(damaged));
  }
  t.end();
});

t.test('keys do not repeat and use the whole alphabet', (t) => {
  const ids = Array.from({ length: 2000 }, () => mintApiKey().id);
  t.equal(new Set(ids).size, ids.length);
  t.equal(new Set(ids.join('')).size, 32);
  t.end();
});

t.test('the hash needs the pepper and every character of the key', (t) => {
  const [one, two] = [mintApiKey().key, mintApiKey().key];
  const hash = hashApiKey(one, pepper);
  t.ok(isSameHash(hash, hashApiKey(one, pepper)));
  t.notOk(isSameHash(hash, hashApiKey(two, pepper)));
  t.notOk(isSameHash(hash, hashApiKey(one, createSecretKey(Buffer.alloc(32, 8)))));
  t.end();
});

t.test('damaged hashes equal nothing, not even each other', (t) => {
  t.notOk(isSameHash('', ''));
  t.notOk(isSameHash('zz', 'zz'));
  t.notOk(isSameHash('ab', 'ab'.repeat(32)));
  t.end();
});

t.test('only the prefix decides whether a credential is taken for an API key', (t) => {
  t.ok(looksLikeApiKey('mmcp_'));
  t.notOk(looksLikeApiKey('eyJhbGciOiJIUzI1NiJ9.e30.x'));
  t.end();
});
