import { MongoClient } from 'mongodb';
import t, { type Test } from 'tap';
import { MongoConnection } from '../../src/store/mongo-connection.js';
import { COUNTERS, API_KEYS } from '../../src/store/mongo-indexes.js';
import { openMongoStore } from '../../src/store/mongo-store.js';
import { startMongoServer } from '../support/mongo-server.js';
import { keyRecord, storeContract } from '../support/store-contract.js';

const server = await startMongoServer(t);
if (typeof server === 'string') {
  t.test('the MongoDB adapter on a server', { skip: server }, () => undefined);
} else {
  let uri = '';
  storeContract(t, {
    openEmpty: (st) => {
      uri = server.newDatabase(st);
      return openMongoStore({ uri, deadlineMs: 30_000 });
    },
    location: () => ({ dataDir: '', mongodbUri: uri }),
    lacksAtomicUpdates: server.lacks('atomic updates'),
  });

  const rawDatabase = (t: Test, uri: string) => {
    const client = new MongoClient(uri);
    t.teardown(() => client.close());
    return client.db();
  };

  t.test('many openings of a new database at once all succeed and agree', async (t) => {
    const uri = server.newDatabase(t);
    const stores = await Promise.all(Array.from({ length: 8 }, () => openMongoStore({ uri })));
    t.teardown(() => Promise.all(stores.map((store) => store.close())));
    await stores[0]?.keys.insert(keyRecord());
    for (const store of stores) t.equal(await store.identityVersion(), 1);
    const indexes = await rawDatabase(t, uri).collection(API_KEYS).indexes();
    t.same(indexes.map(({ name }) => name).sort(), ['_id_', 'api_keys_by_age']);
  });

  t.test('a database that a newer release laid out is refused', async (t) => {
    const uri = server.newDatabase(t);
    const counters = rawDatabase(t, uri).collection<{ _id: string; value: number }>(COUNTERS);
    await counters.insertOne({ _id: 'layout', value: 99 });
    await t.rejects(openMongoStore({ uri }), {
      code: 'GW_STORE_UNAVAILABLE',
      message: /layout 99/,
    });
  });

  t.test('a damaged server list is an error, never a key for every server', async (t) => {
    const uri = server.newDatabase(t);
    const store = await openMongoStore({ uri });
    t.teardown(() => store.close());
    await store.keys.insert(keyRecord({ servers: ['github'] }));
    const keys = rawDatabase(t, uri).collection(API_KEYS);
    for (const change of [{ $set: { servers: 'github' } }, { $unset: { servers: '' } }]) {
      await keys.updateMany({}, change);
      await t.rejects(store.keys.find('abcdefghijkm'), { code: 'GW_STORE_UNAVAILABLE' });
    }
  });

  t.test('keys of the first release have no rules, damaged rules are an error', async (t) => {
    const uri = server.newDatabase(t);
    const store = await openMongoStore({ uri });
    t.teardown(() => store.close());
    await store.keys.insert(keyRecord());
    const keys = rawDatabase(t, uri).collection(API_KEYS);
    await keys.updateMany({}, { $unset: { tools: '', limits: '', lastUsedAt: '', useCount: '' } });
    t.same(await store.keys.find('abcdefghijkm'), keyRecord());
    const lastUsedAt = '2026-02-01T10:00:00.000Z';
    await store.keys.recordUses([{ id: 'abcdefghijkm', count: 2, lastUsedAt }]);
    t.match(await store.keys.find('abcdefghijkm'), { useCount: 2, lastUsedAt });
    for (const damage of [{ tools: {} }, { tools: 'all' }, { limits: { requestsPerSecond: 5 } }]) {
      await keys.updateMany({}, { $set: { tools: null, limits: null, ...damage } });
      await t.rejects(store.keys.find('abcdefghijkm'), { code: 'GW_STORE_UNAVAILABLE' });
    }
  });

  t.test('revoking again announces what an interrupted revocation did not', async (t) => {
    const uri = server.newDatabase(t);
    const store = await openMongoStore({ uri });
    t.teardown(() => store.close());
    await store.keys.insert(keyRecord());
    const before = await store.identityVersion();
    // What a crash between the change and its announcement leaves behind.
    await rawDatabase(t, uri)
      .collection(API_KEYS)
      .updateMany({}, { $set: { revokedAt: '2026-02-01T10:00:00.000Z', isUnannounced: true } });
    t.equal(await store.keys.revoke('abcdefghijkm', new Date()), false, 'it was revoked before');
    t.equal(await store.identityVersion(), before + 1);
    t.equal(await store.keys.revoke('abcdefghijkm', new Date()), false);
    t.equal(await store.identityVersion(), before + 1, 'and announces it once');
  });

  t.test('deleting a prefix takes any number of pages', async (t) => {
    const store = await openMongoStore({ uri: server.newDatabase(t) });
    t.teardown(() => store.close());
    const scope = { server: 'notes', user: 'ana' };
    const keys = Array.from({ length: 1003 }, (_, n) => `row:${n}`);
    await store.documents.putMany(
      scope,
      [...keys, 'other'].map((key) => [key, 0] as const),
    );
    t.equal(await store.documents.deletePrefix(scope, 'row:'), 1003);
    t.equal(await store.documents.countPrefix(scope, ''), 1);
  });
  t.test('what opens lazily makes no index and finds what is there', async (t) => {
    const uri = server.newDatabase(t);
    const store = await openMongoStore({ uri, isLazy: true });
    t.teardown(() => store.close());
    t.equal(await store.keys.find('abcdefghijkm'), null);
    t.equal(await store.identityVersion(), 0);
    const connection = new MongoConnection(uri);
    t.teardown(() => connection.close());
    t.same(await connection.run((database) => database.listCollections().toArray()), []);
  });
}
