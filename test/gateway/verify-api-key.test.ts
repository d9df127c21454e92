import { createSecretKey } from 'node:crypto';
import t from 'tap';
import { hashApiKey, mintApiKey, pepperVersion } from '../../src/gateway/api-key.js';
import { verifyApiKey } from '../../src/gateway/verify-api-key.js';
import { PEPPER } from '../support/identity.js';
import { keyRecord } from '../support/store-contract.js';

const { id, key } = mintApiKey();
const wallMs = () => 0;
const peppers = [PEPPER];

t.test('during a rotation keys under either pepper are known', async (t) => {
  const next = createSecretKey(Buffer.alloc(32, 2));
  const both = [next, PEPPER];
  for (const pepper of both) {
    const record = keyRecord({ id, hash: hashApiKey(key, pepper) });
    const find = () => Promise.resolve(record);
    t.match(await verifyApiKey(key, { find, peppers: both, wallMs }), { ok: true });
  }
});

t.test(
  'a good key with a hash of another pepper is told of, with the hash it should have',
  async (t) => {
    const next = createSecretKey(Buffer.alloc(32, 2));
    const formerHash = hashApiKey(key, PEPPER);
    const told = async (change: Parameters<typeof keyRecord>[0], credential = key) => {
      const rehashes: unknown[] = [];
      const record = keyRecord({ id, hash: formerHash, ...change });
      const find = () => Promise.resolve(record);
      const onFormerPepper = (rehash: unknown) => rehashes.push(rehash);
      await verifyApiKey(credential, { find, peppers: [next, PEPPER], wallMs, onFormerPepper });
      return rehashes;
    };
    const present = { hash: hashApiKey(key, next), pepperVersion: pepperVersion(next) };
    t.same(await told({}), [{ id, formerHash, ...present }]);
    t.same(await told(present), []);
    t.same(await told({ revokedAt: '2026-01-01T00:00:00.000Z' }), []);
    t.same(await told({ hash: hashApiKey(mintApiKey().key, PEPPER) }), [], 'a wrong secret');
    t.notMatch(String(pepperVersion(next)), String(pepperVersion(PEPPER)));
  },
);

t.test('a key whose pepper is gone is unknown', async (t) => {
  const record = keyRecord({ id, hash: hashApiKey(key, createSecretKey(Buffer.alloc(32, 9))) });
  const find = () => Promise.resolve(record);
  t.same(await verifyApiKey(key, { find, peppers, wallMs }), { ok: false, refusal: 'unknown-key' });
});

t.test('without any pepper nobody is let in, not even by an empty hash', async (t) => {
  const find = () => Promise.resolve(keyRecord({ id, hash: '0'.repeat(64) }));
  const none = { find, peppers: [], wallMs };
  t.match(await verifyApiKey(key, none), { ok: false });
});

t.test('a damaged key is refused without asking the store', async (t) => {
  const find = () => Promise.reject(new Error('was asked'));
  const verdict = await verifyApiKey(key.slice(0, -1), { find, peppers, wallMs });
  t.same(verdict, { ok: false, refusal: 'malformed' });
});

t.test('an unknown id takes as long as a wrong secret', async (t) => {
  const hash = hashApiKey(mintApiKey().key, PEPPER);
  const finds = {
    unknown: () => Promise.resolve(null),
    wrong: () => Promise.resolve(keyRecord({ id, hash })),
  };
  const cpuMs = { unknown: [] as number[], wrong: [] as number[] };
  // Taken in turns, so that a slow moment of the machine falls on both; medians, so that pauses fall out.
  for (let round = 0; round < 400; round += 1) {
    for (const kind of ['unknown', 'wrong'] as const) {
      const startedAtMs = performance.now();
      for (let n = 0; n < 20; n += 1)
        await verifyApiKey(key, { find: finds[kind], peppers, wallMs });
      cpuMs[kind].push(performance.now() - startedAtMs);
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  const ratio = median(cpuMs.unknown) / median(cpuMs.wrong);
  t.ok(ratio > 0.75 && ratio < 1.33, `ratio ${ratio.toFixed(3)}`);
});
