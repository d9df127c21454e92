import { createSecretKey, randomBytes } from 'node:crypto';
import t from 'tap';
import { formerKeyCounts } from '../../src/admin/former-key-counts.js';
import { SealedServers } from '../../src/admin/sealed-servers.js';
import { pepperVersion } from '../../src/gateway/api-key.js';
import { CredentialSeal } from '../../src/gateway/credential-seal.js';
import { createMemoryStore } from '../support/memory-store.js';
import { keyRecord } from '../support/store-contract.js';

t.test('what the present master key did not make is counted', async (t) => {
  const store = createMemoryStore();
  const pepper = createSecretKey(randomBytes(32));
  const [seal, former] = [0, 1].map(() => new CredentialSeal(randomBytes(32)));
  if (seal === undefined || former === undefined) throw new Error('no seals');
  const version = pepperVersion(pepper);
  await store.keys.insert(keyRecord({ id: 'new', pepperVersion: version }));
  await store.keys.insert(keyRecord({ id: 'old' }));
  await store.keys.insert(keyRecord({ id: 'over', expiresAt: '2026-01-01T00:00:00.000Z' }));
  const updatedAt = new Date().toISOString();
  for (const [user, by] of [
    ['ana', seal],
    ['ben', former],
    ['cy', former],
  ] as const) {
    const sealed = by.seal({ user, server: 'mail' }, 'x');
    await store.credentials.put({
      user,
      server: 'mail',
      sealed,
      updatedAt,
      keyVersion: by.keyVersion,
    });
  }
  await new SealedServers(store.servers, former).put({ name: 'a', entry: {}, isEnabled: true });
  const registered = new SealedServers(store.servers, seal);
  await registered.put({ name: 'b', entry: {}, isEnabled: true });
  await registered.put({ name: 'off', entry: null, isEnabled: false });
  t.same(await formerKeyCounts({ store, pepper, seal, registered }), {
    ...{ apiKeys: 1, credentials: 2, servers: 1 },
  });
});
