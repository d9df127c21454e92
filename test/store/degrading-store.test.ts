import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createDegradingStore } from '../../src/store/degrading-store.js';
import {
  keepSnapshot,
  openSnapshot,
  snapshotState,
  syncSnapshot,
} from '../../src/store/identity-snapshot.js';
import { openLibsqlStore } from '../../src/store/libsql-store.js';
import { openStore } from '../../src/store/open-store.js';
import { createMemoryStore } from '../support/memory-store.js';
import { keyRecord } from '../support/store-contract.js';
import { grant } from '../support/store-parts-contract.js';
import { until } from '../support/until.js';

const AT = '2026-01-01T00:00:00.000Z';
const DAY_MS = 86_400_000;

async function filled() {
  const main = createMemoryStore();
  await main.keys.insert(keyRecord());
  await main.grants.set(grant({ effect: 'deny' }));
  await main.grants.set(grant({ user: 'ben' }));
  const sealed = Buffer.of(1);
  await main.credentials.put({ user: 'ana', server: 'x', sealed, keyVersion: 1, updatedAt: AT });
  await main.servers.put({ name: 'x', entry: {}, enabled: true, updatedAt: AT });
  return main;
}

async function fixture(t: Test, { maxAgeMs = DAY_MS, isSynced = true } = {}) {
  const dataDir = t.testdir();
  const main = await filled();
  const sync = async () => {
    const snapshot = await openLibsqlStore({ path: join(dataDir, 'identity-snapshot.db') });
    await syncSnapshot(main, snapshot);
    await snapshot.close();
  };
  if (isSynced) await sync();
  const open = () => {
    const store = createDegradingStore({ main, dataDir, maxAgeMs });
    t.teardown(() => store.close());
    return store;
  };
  return { main, open, sync, dataDir };
}

t.test('in an outage the snapshot serves what was known, and writes fail', async (t) => {
  const { main, open } = await fixture(t);
  const store = open();
  t.match(await store.keys.find('abcdefghijkm'), { user: 'ana' });
  t.equal(store.outage?.(), null);
  await main.keys.insert(keyRecord({ id: 'later' }));
  main.isAway = true;
  t.same(await store.keys.find('abcdefghijkm'), keyRecord());
  t.match(await store.grants.ofUser('ana'), [{ effect: 'deny' }]);
  t.equal((await store.grants.list()).length, 2);
  t.match(await store.credentials.get('ana', 'x'), { keyVersion: 1 });
  t.equal((await store.credentials.list()).length, 1);
  t.match(await store.servers.get('x'), { enabled: true });
  t.equal((await store.servers.list()).length, 1);
  t.equal((await store.keys.list()).length, 1);
  t.equal(await store.keys.count(), 1);
  t.match(store.outage?.(), /Identities are those of 20\d\d-/);
  const away = { code: 'GW_STORE_UNAVAILABLE' };
  await t.rejects(store.keys.find('later'), away, 'made since: not judged');
  await t.rejects(store.keys.find('unheard-of'), away);
  await t.rejects(store.keys.revoke('abcdefghijkm', new Date()), away);
  await t.rejects(store.grants.remove('ana', 'github'), away);
  await t.rejects(store.documents.get({ server: 'notes', user: 'ana' }, 'k'), away);
  await t.rejects(store.ping(), away);
});

t.test('after the outage the database decides again, without anybody asking for it', async (t) => {
  const { main, open } = await fixture(t);
  const store = open();
  main.isAway = true;
  t.equal((await store.keys.find('abcdefghijkm'))?.revokedAt, null);
  main.isAway = false;
  await main.keys.revoke('abcdefghijkm', new Date(AT));
  await until(async () => (await store.keys.find('abcdefghijkm'))?.revokedAt === AT, {
    timeoutMs: 20_000,
    what: 'the revocation is seen',
  });
  t.equal(store.outage?.(), null);
});

t.test(
  'who met the database compares its version only; who did not starts from the snapshot’s',
  async (t) => {
    const { main, open } = await fixture(t);
    const [met, started] = [open(), open()];
    const version = await met.identityVersion();
    await main.keys.revoke('abcdefghijkm', new Date(AT));
    main.isAway = true;
    await t.rejects(met.identityVersion(), { code: 'GW_STORE_UNAVAILABLE' });
    t.equal(await started.identityVersion(), version, 'so the change is noticed on its return');
    t.equal(await started.servers.changes(), 1);
    main.isAway = false;
    t.equal(await started.identityVersion(), version + 1);
    t.equal(await met.servers.changes(), 1);
  },
);

t.test('no snapshot, an unfinished or too old one: the outage is told as it is', async (t) => {
  const away = { code: 'GW_STORE_UNAVAILABLE' };
  const none = await fixture(t, { isSynced: false });
  const store = none.open();
  none.main.isAway = true;
  await t.rejects(store.keys.find('abcdefghijkm'), away);
  t.equal(store.outage?.(), null);
  const empty = await openLibsqlStore({ path: join(none.dataDir, 'identity-snapshot.db') });
  await empty.close();
  await t.rejects(store.keys.find('abcdefghijkm'), away);
  none.main.isAway = false;
  await none.sync();
  none.main.isAway = true;
  t.match(await store.keys.find('abcdefghijkm'), { user: 'ana' }, 'there is one by now');
  const old = await fixture(t, { maxAgeMs: -1 });
  const believing = old.open();
  old.main.isAway = true;
  await t.rejects(believing.keys.find('abcdefghijkm'), away);
});

t.test('the keeper copies what changes and removes what is gone', async (t) => {
  const dataDir = t.testdir();
  const main = await filled();
  const keeper = keepSnapshot(main, dataDir);
  const read = async () => {
    const snapshot = await openSnapshot(dataDir);
    if (snapshot === null) return null;
    try {
      const state = await snapshotState(snapshot);
      return {
        state,
        key: await snapshot.keys.find('abcdefghijkm'),
        grants: await snapshot.grants.list(),
      };
    } finally {
      await snapshot.close();
    }
  };
  await until(async () => (await read())?.state != null, { timeoutMs: 20_000, what: 'a copy' });
  t.match(await read(), { state: { identityVersion: 4, serverChanges: 1 }, key: { user: 'ana' } });
  await main.grants.remove('ana', 'github');
  await main.keys.revoke('abcdefghijkm', new Date(AT));
  const isCopied = async () => (await read())?.state?.identityVersion === 6;
  await until(isCopied, { timeoutMs: 20_000, what: 'the changes' });
  t.match(await read(), { key: { revokedAt: AT }, grants: [{ user: 'ben' }] });
  await keeper.stop();
});

t.test(
  'a start without MongoDB: from the snapshot where there is one, else with the reason',
  async (t) => {
    const { dataDir, sync } = await fixture(t, { isSynced: false });
    const location = { dataDir, mongodbUri: 'mongodb://127.0.0.1:1/x' };
    const degrade = { ...location, onUnavailable: 'degrade' } as const;
    await t.rejects(openStore(degrade), { message: /ECONNREFUSED.*no snapshot of a former run/s });
    await sync();
    const store = await openStore({ ...degrade, keepsSnapshot: true });
    t.teardown(() => store.close());
    t.match(await store.keys.find('abcdefghijkm'), { user: 'ana' });
    t.match(store.outage?.(), /Identities are those of/);
    await t.rejects(openStore({ ...degrade, snapshotMaxAgeMs: -1 }), { message: /older than/ });
    await t.rejects(openStore({ ...location, onUnavailable: 'refuse' }), {
      message: /ECONNREFUSED/,
    });
  },
);
