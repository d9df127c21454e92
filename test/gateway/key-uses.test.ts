import t from 'tap';
import { reportKeyUses } from '../../src/gateway/key-uses.js';
import { identityFixture } from '../support/identity.js';
import { until } from '../support/until.js';

t.test('uses are counted in memory and written in one batch', async (t) => {
  const { addKey, ask, store, authenticator, clock } = identityFixture();
  const [key, other] = [await addKey(), await addKey()];
  const written: number[] = [];
  const stop = reportKeyUses({
    authenticator,
    keys: {
      recordUses: (uses) => {
        written.push(uses.length);
        return store.keys.recordUses(uses);
      },
      rehash: (changes) => store.keys.rehash(changes),
    },
    intervalMs: 3_600_000,
  });
  for (let n = 0; n < 5; n += 1) await ask(key);
  await ask(other);
  authenticator.invalidateKey(key.slice(5, 17));
  await ask(key);
  store.isAway = true;
  clock.advance(400_000);
  await ask(key);
  store.isAway = false;
  t.same(written, []);
  await stop();
  t.same(written, [2]);
  t.match(await store.keys.find(key.slice(5, 17)), { useCount: 7, lastUsedAt: /^20/ });
  t.match(await store.keys.find(other.slice(5, 17)), { useCount: 1 });
  t.equal(authenticator.takeKeyUses().size, 0);
});

t.test('a store that takes nothing costs the counts and nothing else', async (t) => {
  const { addKey, ask, store, authenticator } = identityFixture();
  const key = await addKey();
  const stop = reportKeyUses({ authenticator, keys: store.keys, intervalMs: 20 });
  t.teardown(stop);
  await ask(key);
  store.isAway = true;
  await until(() => Promise.resolve(authenticator.takeKeyUses().size === 0), {
    timeoutMs: 20_000,
    what: 'the batch',
  });
  store.isAway = false;
  await ask(key);
  const isCounted = async () => ((await store.keys.find(key.slice(5, 17)))?.useCount ?? 0) > 0;
  await until(isCounted, { timeoutMs: 20_000, what: 'the next batch' });
});
