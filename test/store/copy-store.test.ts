import { join } from 'node:path';
import t, { type Test } from 'tap';
import { copyStore, STORE_PARTS, type CopyOptions } from '../../src/store/copy-store.js';
import { openLibsqlStore } from '../../src/store/libsql-store.js';
import type { Store } from '../../src/store/store.js';
import { createMemoryStore } from '../support/memory-store.js';
import { keyRecord } from '../support/store-contract.js';
import { grant } from '../support/store-parts-contract.js';

const AT = '2026-01-01T00:00:00.000Z';

async function fill(store: Store): Promise<void> {
  for (let n = 0; n < 450; n += 1) {
    await store.keys.insert(keyRecord({ id: `key-${n}`, useCount: n }));
  }
  await store.keys.revoke('key-7', new Date(AT));
  await store.grants.set(grant({ effect: 'deny' }));
  const sealed = Buffer.of(1, 2, 3);
  await store.credentials.put({ user: 'ana', server: 'x', sealed, keyVersion: 2, updatedAt: AT });
  await store.servers.put({ name: 'x', entry: { url: 'u' }, enabled: true, updatedAt: AT });
  await store.audit.append({ at: AT, actor: 'a', action: 'b', target: 'c', detail: {} });
  await store.alerts.append({ at: AT, cause: 'cpu', state: 'raised', message: 'm', detail: {} });
  for (const user of ['ana', 'ben']) {
    const scope = { server: 'notes', user };
    for (let n = 0; n < 45; n += 1) await store.documents.put(scope, `k${n}`, { n });
    await store.documents.put(scope, 'k0', 'again');
  }
}

const embedded = async (t: Test): Promise<Store> => {
  const store = await openLibsqlStore({ path: join(t.testdir(), 'a.db') });
  t.teardown(() => store.close());
  return store;
};

const copyAll = (source: Store, target: Store, options: Partial<CopyOptions> = {}) =>
  copyStore({ source, target, parts: STORE_PARTS, ...options });

t.test('everything comes over as it was, and a second copy writes nothing', async (t) => {
  const [source, target, back] = [createMemoryStore(), await embedded(t), createMemoryStore()];
  await fill(source);
  const counts = await copyAll(source, target);
  t.same(counts, {
    keys: { found: 450, written: 450 },
    grants: { found: 1, written: 1 },
    credentials: { found: 1, written: 1 },
    servers: { found: 1, written: 1 },
    audit: { found: 1, written: 1 },
    alerts: { found: 1, written: 1 },
    documents: { found: 90, written: 90 },
  });
  t.match(await target.keys.find('key-7'), { revokedAt: AT, useCount: 7 });
  const scope = { server: 'notes', user: 'ben' };
  t.match(await target.documents.get(scope, 'k0'), { value: 'again', version: 2 });
  t.match(await target.credentials.get('ana', 'x'), { keyVersion: 2, version: 1 });
  await copyAll(target, back);
  const again = await copyAll(back, target);
  t.same(
    Object.values(again).map(({ written }) => written),
    STORE_PARTS.map(() => 0),
  );
});

t.test('an interrupted copy goes on; what changed meanwhile comes over, too', async (t) => {
  const [source, target] = [createMemoryStore(), await embedded(t)];
  await fill(source);
  const abort = new AbortController();
  await t.rejects(
    copyAll(source, target, {
      signal: abort.signal,
      onProgress: (_part, { found }) => {
        if (found === 200) abort.abort(new Error('interrupted'));
      },
    }),
    { message: 'interrupted' },
  );
  t.equal(await target.keys.count(), 400, 'two pages');
  await source.keys.revoke('key-10', new Date(AT));
  const { keys, documents } = await copyAll(source, target);
  t.same(keys, { found: 450, written: 51 });
  t.equal(documents?.written, 90);
  t.equal((await target.keys.find('key-10'))?.revokedAt, AT);
});
