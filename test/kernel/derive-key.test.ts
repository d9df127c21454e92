import t from 'tap';
import { deriveKey } from '../../src/kernel/derive-key.js';

t.test('subkeys are stable across releases: stored hashes depend on these very bytes', (t) => {
  t.equal(
    deriveKey('master', 'pepper').toString('hex'),
    'a0a3c471255c3667e3b152fb146a7f5bbc3e067f7c07d936cc30db6a3e4ce299',
  );
  t.end();
});

t.test('each purpose and each master has a key of its own', (t) => {
  const keys = [
    deriveKey('master', 'pepper'),
    deriveKey('master', 'session'),
    deriveKey('master', 'credentials'),
    deriveKey('other', 'pepper'),
  ].map((key) => key.toString('hex'));
  t.equal(new Set(keys).size, 4);
  t.ok(keys.every((key) => key.length === 64));
  t.end();
});
