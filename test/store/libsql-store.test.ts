import { chmodSync, existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { monotonicMs } from '../../src/kernel/clock.js';
import { openLibsqlStore } from '../../src/store/libsql-store.js';
import { mountSmallDisk, NO_MOUNT } from '../support/small-disk.js';
import { keyRecord, storeContract } from '../support/store-contract.js';

let dataDir = '';
storeContract(t, {
  tellsAtOnce: true,
  openEmpty: (st) => {
    dataDir = join(st.testdir(), 'data');
    return openLibsqlStore({ path: join(dataDir, 'multi-mcp.db') });
  },
  location: () => ({ dataDir, mongodbUri: null }),
});

t.test('the file, its companions and its folder belong to the owner alone', async (t) => {
  const folder = join(t.testdir(), 'data');
  const store = await openLibsqlStore({ path: join(folder, 'multi-mcp.db') });
  t.teardown(() => store.close());
  await store.keys.insert(keyRecord());
  t.same(readdirSync(folder), ['multi-mcp.db', 'multi-mcp.db-shm', 'multi-mcp.db-wal']);
  for (const name of readdirSync(folder)) {
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }
  t.equal(statSync(folder).mode & 0o777, 0o700);
});

t.test('a file that was left readable by others is closed to them on opening', async (t) => {
  const path = join(t.testdir({ 'a.db': '' }), 'a.db');
  chmodSync(path, 0o644);
  await (await openLibsqlStore({ path })).close();
  t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test('a file that was moved away or replaced is told, until it is back', async (t) => {
  const folder = join(t.testdir({ data: {} }), 'data');
  const path = join(folder, 'multi-mcp.db');
  const store = await openLibsqlStore({ path });
  t.teardown(() => store.close());
  renameSync(folder, `${folder}.away`);
  const moved = { code: 'GW_STORE_UNAVAILABLE', message: /multi-mcp\.db .*moved.*restart/ };
  await t.rejects(store.ping(), moved);
  await (await openLibsqlStore({ path })).close();
  await t.rejects(store.ping(), moved, 'another file in its place is not it');
  renameSync(folder, `${folder}.other`);
  renameSync(`${folder}.away`, folder);
  await store.ping();
});

t.test('a full disk is named, and what it refused is not there', async (t) => {
  const disk = mountSmallDisk(1024);
  if (disk === null) {
    t.pass('skipped', { skip: NO_MOUNT });
    return;
  }
  const store = await openLibsqlStore({ path: join(disk.path, 'multi-mcp.db') });
  t.teardown(async () => {
    await store.close();
    disk.remove();
  });
  disk.fill();
  const scope = { server: 'notes', user: 'ana' };
  const full = { code: 'GW_STORE_UNAVAILABLE', message: /disk .*full.*Free some space/ };
  await t.rejects(store.keys.insert(keyRecord()), full);
  await t.rejects(store.documents.put(scope, 'a', 'x'.repeat(20_000)), full);
  disk.free();
  t.equal(await store.keys.find(keyRecord().id), null);
  t.equal(await store.documents.get(scope, 'a'), null);
  await store.keys.insert(keyRecord());
});

t.test('one that must exist is not made', async (t) => {
  const folder = join(t.testdir(), 'data');
  const path = join(folder, 'multi-mcp.db');
  await t.rejects(openLibsqlStore({ path, mustExist: true }), {
    code: 'GW_STORE_UNAVAILABLE',
    message: new RegExp(path),
  });
  t.notOk(existsSync(folder));
});

t.test('what one connection wrote another sees, and a reopened file keeps it', async (t) => {
  const path = join(t.testdir(), 'a.db');
  const [one, two] = [await openLibsqlStore({ path }), await openLibsqlStore({ path })];
  await one.keys.insert(keyRecord());
  t.match(await two.keys.find('abcdefghijkm'), { user: 'ana' });
  t.equal(await two.identityVersion(), 1);
  await one.close();
  await two.close();
  const again = await openLibsqlStore({ path });
  t.teardown(() => again.close());
  t.match(await again.keys.find('abcdefghijkm'), { user: 'ana' });
});

t.test('many openings of a new file at once all succeed', async (t) => {
  const path = join(t.testdir(), 'a.db');
  const stores = await Promise.all(Array.from({ length: 8 }, () => openLibsqlStore({ path })));
  for (const store of stores) await store.ping();
  for (const store of stores) await store.close();
});

t.test(
  'a write lock that is never released gives GW_STORE_UNAVAILABLE after two seconds, event loop alive',
  async (t) => {
    const path = join(t.testdir(), 'a.db');
    const store = await openLibsqlStore({ path });
    t.teardown(() => store.close());
    const other = new Database(path);
    t.teardown(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 5);
    const startedAtMs = monotonicMs();
    const error: unknown = await store.keys.insert(keyRecord()).catch((reason: unknown) => reason);
    clearInterval(turning);
    const tookMs = monotonicMs() - startedAtMs;
    t.match(error, { code: 'GW_STORE_UNAVAILABLE' });
    t.ok(tookMs >= 2000 && tookMs < 2500, `took ${tookMs} ms`);
    t.ok(turns > 50, `the event loop turned ${turns} times meanwhile`);
    t.equal(await store.keys.find('abcdefghijkm'), null, 'reads go on');
    other.exec('ROLLBACK');
    await store.keys.insert(keyRecord());
  },
);

t.test(
  'a file of a newer release, a file that is no database and a folder that cannot be made name the file',
  async (t) => {
    const folder = t.testdir({ 'newer.db': '', 'text.db': 'no database'.repeat(100), file: '' });
    const newer = new Database(join(folder, 'newer.db'));
    newer.pragma('user_version = 99');
    newer.close();
    for (const [name, reason] of [
      ['newer.db', /newer release/],
      ['text.db', /not a database/],
      ['file/a.db', /ENOTDIR|EEXIST/],
    ] as const) {
      const error: unknown = await openLibsqlStore({ path: join(folder, name) }).catch(
        (thrown: unknown) => thrown,
      );
      t.ok(error instanceof GatewayError && error.code === 'GW_STORE_UNAVAILABLE');
      t.match(error, { message: reason });
      t.match(error, { message: join(folder, name) });
    }
  },
);

t.test('a damaged server list is an error, never a key for every server', async (t) => {
  const path = join(t.testdir(), 'a.db');
  const store = await openLibsqlStore({ path });
  t.teardown(() => store.close());
  await store.keys.insert(keyRecord({ servers: ['github'] }));
  const other = new Database(path);
  t.teardown(() => other.close());
  for (const damage of ["'null'", "'[oops'", "x'00'", '7']) {
    other.exec(`UPDATE api_keys SET servers = ${damage}`);
    await t.rejects(store.keys.find('abcdefghijkm'), { code: 'GW_STORE_UNAVAILABLE' }, damage);
  }
});

t.test('a file of the first release is brought forward, its keys keep what they had', async (t) => {
  const path = join(t.testdir(), 'a.db');
  const old = new Database(path);
  old.exec(`
    CREATE TABLE api_keys (
      id TEXT PRIMARY KEY, user TEXT NOT NULL, hash TEXT NOT NULL, pepper_version INTEGER NOT NULL,
      label TEXT NOT NULL, servers TEXT, is_admin INTEGER NOT NULL,
      created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
    ) WITHOUT ROWID;
    CREATE INDEX api_keys_by_age ON api_keys (created_at, id);
    CREATE TABLE documents (
      server TEXT NOT NULL, user TEXT NOT NULL, key TEXT NOT NULL,
      value TEXT NOT NULL, version INTEGER NOT NULL,
      PRIMARY KEY (server, user, key)
    ) WITHOUT ROWID;
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO counters VALUES ('identity', 1);
    INSERT INTO api_keys VALUES ('abcdefghijkm', 'ana', '${'a'.repeat(64)}', 1, 'laptop', NULL, 0,
      '2026-01-01T00:00:00.000Z', NULL, NULL);
    PRAGMA user_version = 1;
  `);
  old.close();
  const stores = await Promise.all([openLibsqlStore({ path }), openLibsqlStore({ path })]);
  t.teardown(() => Promise.all(stores.map((store) => store.close())));
  for (const store of stores) t.same(await store.keys.find('abcdefghijkm'), keyRecord());
});

t.test('damaged rules and limits are errors, never a key without any', async (t) => {
  const path = join(t.testdir(), 'a.db');
  const store = await openLibsqlStore({ path });
  t.teardown(() => store.close());
  await store.keys.insert(keyRecord());
  const other = new Database(path);
  t.teardown(() => other.close());
  for (const damage of [
    "tools = 'null'",
    `tools = '{"allow":["*"]}'`,
    "tools = '[oops'",
    "limits = '7'",
    `limits = '{"requestsPerSecond":0,"maxConcurrentRequests":null}'`,
  ]) {
    other.exec('UPDATE api_keys SET tools = NULL, limits = NULL');
    await store.keys.find('abcdefghijkm');
    other.exec(`UPDATE api_keys SET ${damage}`);
    await t.rejects(store.keys.find('abcdefghijkm'), { code: 'GW_STORE_UNAVAILABLE' }, damage);
  }
});

t.test('the description names the place', async (t) => {
  const path = join(t.testdir(), 'a.db');
  const store = await openLibsqlStore({ path });
  t.teardown(() => store.close());
  t.equal(store.description, `embedded (${path})`);
});
