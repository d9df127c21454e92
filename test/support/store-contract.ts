/**
 * What every adapter of the store port promises, as one suite: run it against each of them. Contention
 * between processes is in it too, for adapters that can say how another process opens the same data.
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Test } from 'tap';
import { hashApiKey, mintApiKey, pepperVersion } from '../../src/gateway/api-key.js';
import { createAuthenticator } from '../../src/gateway/authenticate.js';
import type { Authenticator } from '../../src/gateway/authenticator.js';
import { reportKeyUses } from '../../src/gateway/key-uses.js';
import { GatewayError } from '../../src/kernel/errors.js';
import type { StoreLocation } from '../../src/store/open-store.js';
import type { ApiKeyRecord, Store } from '../../src/store/store.js';
import { incrementInProcesses } from './increment-in-processes.js';
import { storePartsContract } from './store-parts-contract.js';

export interface StoreContract {
  /** Opens a store with nothing in it; the suite closes it. */
  readonly openEmpty: (t: Test) => Promise<Store>;
  /** How another process reaches the data of the store opened last; absent when none can. */
  readonly location?: () => StoreLocation;
  /** Whether keys are told without waiting (`findNow`). Default false. */
  readonly tellsAtOnce?: boolean;
  /** Why contention cannot be judged on this engine; the case is then shown as skipped. */
  readonly lacksAtomicUpdates?: string | false;
}

const ANA = { server: 'notes', user: 'ana' };
const BEN = { server: 'notes', user: 'ben' };

export function keyRecord(change: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    id: 'abcdefghijkm',
    user: 'ana',
    hash: 'a'.repeat(64),
    pepperVersion: 1,
    label: 'laptop',
    servers: null,
    tools: null,
    limits: null,
    isAdmin: false,
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    useCount: 0,
    ...change,
  };
}

function code(expected: string) {
  return (error: unknown) => error instanceof GatewayError && error.code === expected;
}

async function rejectsWith(t: Test, promise: Promise<unknown>, expected: string) {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  t.ok(code(expected)(error), `rejects with ${expected}`, { error });
}

export function storeContract(t: Test, contract: StoreContract): void {
  const opened = async (st: Test) => {
    const store = await contract.openEmpty(st);
    st.teardown(() => store.close());
    return store;
  };
  keysContract(t, opened, contract.tellsAtOnce ?? false);
  documentsContract(t, opened);
  storePartsContract(t, opened);

  t.test('a closed store answers GW_STORE_UNAVAILABLE', async (st) => {
    const store = await opened(st);
    await store.keys.insert(keyRecord());
    await store.close();
    await rejectsWith(st, store.ping(), 'GW_STORE_UNAVAILABLE');
    await rejectsWith(st, store.keys.find('abcdefghijkm'), 'GW_STORE_UNAVAILABLE');
    await rejectsWith(st, store.documents.put(ANA, 'k', 1), 'GW_STORE_UNAVAILABLE');
  });

  const { location } = contract;
  if (location !== undefined) {
    const skip = contract.lacksAtomicUpdates ?? false;
    t.test('increments by ifVersion from four processes lose nothing', { skip }, async (st) => {
      const store = await opened(st);
      const processes = 4;
      const each = 250;
      await incrementInProcesses(st, { processes, each, scope: ANA, location: location() });
      st.match(await store.documents.get(ANA, 'counter'), {
        value: processes * each,
        version: processes * each,
      });
    });
  }
}

function keysContract(t: Test, opened: (t: Test) => Promise<Store>, tellsAtOnce: boolean): void {
  t.test('a key comes back as it was inserted, its server list included', async (st) => {
    const { keys } = await opened(st);
    const all = keyRecord();
    const some = keyRecord({
      id: 'b'.repeat(12),
      servers: ['github', 'meerkats-table'],
      tools: { allow: ['list_*', 'get.me'], deny: [] },
      limits: { requestsPerSecond: 5, maxConcurrentRequests: null },
      isAdmin: true,
      expiresAt: '2027-01-01T00:00:00.000Z',
      label: 'Søren’s "CI" \u{1f642}',
    });
    const none = keyRecord({
      id: 'c'.repeat(12),
      servers: [],
      tools: { allow: [], deny: ['*'] },
      lastUsedAt: '2026-01-02T00:00:00.000Z',
      useCount: 7,
    });
    for (const record of [all, some, none]) await keys.insert(record);
    st.same(await keys.find(all.id), all);
    st.same(await keys.find(some.id), some);
    st.same(await keys.find(none.id), none, 'an empty list stays empty and does not become all');
    st.equal(await keys.find('d'.repeat(12)), null);
    st.equal(await keys.count(), 3);
  });

  t.test('a store that can tell at once says the same at once', async (st) => {
    const store = await opened(st);
    const { keys } = store;
    st.equal(keys.findNow !== undefined, tellsAtOnce);
    if (keys.findNow === undefined) return;
    const record = keyRecord({ servers: ['github'] });
    st.equal(keys.findNow(record.id), null);
    await keys.insert(record);
    st.same(keys.findNow(record.id), record);
    await keys.revoke(record.id, new Date());
    st.same(keys.findNow(record.id), await keys.find(record.id));
    await store.close();
    st.equal(keys.findNow(record.id), undefined, 'closed: find tells why');
  });

  t.test('an id is given once: the second insert is refused and changes nothing', async (st) => {
    const store = await opened(st);
    await store.keys.insert(keyRecord());
    const version = await store.identityVersion();
    await rejectsWith(st, store.keys.insert(keyRecord({ user: 'eve' })), 'GW_BAD_REQUEST');
    st.equal((await store.keys.find('abcdefghijkm'))?.user, 'ana');
    st.equal(await store.identityVersion(), version);
  });

  t.test('keys list oldest first, page by page, same-instant keys by id', async (st) => {
    const { keys } = await opened(st);
    const day = (n: number) => `2026-01-0${n}T00:00:00.000Z`;
    for (const [id, createdAt] of [
      ['third', day(2)],
      ['second', day(1)],
      ['last', day(3)],
      ['first', day(1)],
    ] as const) {
      await keys.insert(keyRecord({ id, createdAt }));
    }
    const ids = (records: ApiKeyRecord[]) => records.map(({ id }) => id);
    st.same(ids(await keys.list()), ['first', 'second', 'third', 'last']);
    st.same(ids(await keys.list({ limit: 3 })), ['first', 'second', 'third']);
    st.same(ids(await keys.list({ afterId: 'second', limit: 1 })), ['third']);
    st.same(ids(await keys.list({ afterId: 'last' })), []);
    st.same(ids(await keys.list({ afterId: 'unheard-of' })), []);
  });

  t.test('a key is revoked once and keeps the instant of the first revocation', async (st) => {
    const { keys } = await opened(st);
    await keys.insert(keyRecord());
    st.equal(await keys.revoke('abcdefghijkm', new Date('2026-02-01T10:00:00Z')), true);
    st.equal(await keys.revoke('abcdefghijkm', new Date('2026-03-01T10:00:00Z')), false);
    st.equal((await keys.find('abcdefghijkm'))?.revokedAt, '2026-02-01T10:00:00.000Z');
    st.equal(await keys.revoke('unheard-of', new Date()), false);
  });

  t.test('a key changes in the members that are given, and others see it', async (st) => {
    const store = await opened(st);
    const { keys } = store;
    const before = keyRecord({ servers: ['github'], expiresAt: '2027-01-01T00:00:00.000Z' });
    await keys.insert(before);
    const version = await store.identityVersion();
    const limits = { requestsPerSecond: null, maxConcurrentRequests: 2 };
    const tools = { allow: ['*'], deny: ['drop_*'] };
    const changed = { ...before, limits, tools, label: 'new', expiresAt: null };
    const change = { limits, tools, label: 'new', expiresAt: null };
    st.same(await keys.update(before.id, change), changed);
    st.same(await keys.find(before.id), changed);
    st.equal(await store.identityVersion(), version + 1);
    const wide = { limits: null, tools: null, servers: null };
    st.same(await keys.update(before.id, wide), { ...changed, ...wide });
    st.same(await keys.find(before.id), { ...changed, ...wide });
    await keys.revoke(before.id, new Date());
    const revokedVersion = await store.identityVersion();
    st.equal(await keys.update(before.id, { limits }), null, 'a revoked key stays as it is');
    st.equal(await keys.update('unheard-of', { limits }), null);
    st.equal((await keys.find(before.id))?.limits, null);
    st.equal(await store.identityVersion(), revokedVersion);
  });

  t.test('uses add up, the last one is the latest, and nobody’s cache hears of it', async (st) => {
    const store = await opened(st);
    const { keys } = store;
    const ids = Array.from({ length: 30 }, (_, n) => `key-${n}`);
    for (const id of ids) await keys.insert(keyRecord({ id }));
    const version = await store.identityVersion();
    const [early, late] = ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z'];
    await keys.recordUses([]);
    await keys.recordUses(ids.map((id) => ({ id, count: 2, lastUsedAt: late })));
    await keys.recordUses([
      { id: 'unheard-of', count: 1, lastUsedAt: late },
      { id: 'key-7', count: 3, lastUsedAt: early },
    ]);
    st.match(await keys.find('key-7'), { useCount: 5, lastUsedAt: late });
    st.match(await keys.find('key-29'), { useCount: 2, lastUsedAt: late });
    st.equal(await keys.find('unheard-of'), null);
    st.equal(await store.identityVersion(), version);
  });

  t.test(
    'keys move to a new pepper as they are used, and then need the former no more',
    async (st) => {
      const store = await opened(st);
      const { keys } = store;
      const [former, present] = [
        createSecretKey(randomBytes(32)),
        createSecretKey(randomBytes(32)),
      ];
      const made = Array.from({ length: 28 }, () => mintApiKey());
      for (const { id, key } of made) {
        const hash = hashApiKey(key, former);
        await keys.insert(keyRecord({ id, hash, pepperVersion: pepperVersion(former) }));
      }
      const authenticatorWith = (...peppers: (typeof former)[]) =>
        createAuthenticator({
          ...{ keys, peppers, cacheTtlMs: 300_000, negativeTtlMs: 1000, maxEntries: 100 },
          failedPerSecond: 0,
          verifyToken: () => Promise.resolve({ ok: false, refusal: 'untrusted' }),
        });
      const asks = async (authenticator: Authenticator, key: string) => {
        const presented = { authorization: `Bearer ${key}`, apiKey: undefined };
        return (await authenticator.authenticate(presented, 0)).keyId;
      };
      const left = (at = new Date()) => keys.countOtherPeppers(pepperVersion(present), at);
      st.equal(await left(), 28);
      const rotating = authenticatorWith(present, former);
      const flush = reportKeyUses({ authenticator: rotating, keys, intervalMs: 3_600_000 });
      const version = await store.identityVersion();
      const [unused, revoked, ...used] = made;
      if (unused === undefined || revoked === undefined) throw new Error('no keys');
      for (const { id, key } of used) st.equal(await asks(rotating, key), id);
      st.equal(await left(), 28, 'nothing is written on the way of a request');
      await flush();
      st.equal(await left(), 2);
      st.equal(await store.identityVersion(), version, 'nobody’s cache hears of it');
      await keys.revoke(revoked.id, new Date());
      st.equal(await left(), 1);
      const expiresAt = '2026-06-01T00:00:00.000Z';
      await keys.update(unused.id, { expiresAt });
      st.equal(await left(new Date('2026-06-01T00:00:00.000Z')), 0, 'an expired key needs nothing');
      st.equal(await left(new Date('2026-05-31T00:00:00.000Z')), 1);
      const afterwards = authenticatorWith(present);
      for (const { id, key } of used) st.equal(await asks(afterwards, key), id);
      await st.rejects(asks(afterwards, unused.key), { code: 'GW_UNAUTHENTICATED' });
      const [{ id } = unused] = used;
      const facts = { hash: 'b'.repeat(64), pepperVersion: 7 };
      await keys.rehash([{ id, formerHash: 'c'.repeat(64), ...facts }]);
      st.not((await keys.find(id))?.hash, facts.hash, 'a hash that changed meanwhile stays');
      await keys.rehash([]);
    },
  );

  t.test('the identity version grows when keys change and only then', async (st) => {
    const store = await opened(st);
    const versions = [await store.identityVersion()];
    await store.keys.insert(keyRecord());
    versions.push(await store.identityVersion());
    await store.keys.find('abcdefghijkm');
    await store.documents.put(ANA, 'k', 1);
    st.equal(await store.identityVersion(), versions[1]);
    await store.keys.revoke('abcdefghijkm', new Date());
    versions.push(await store.identityVersion());
    await store.keys.revoke('abcdefghijkm', new Date());
    st.equal(await store.identityVersion(), versions[2]);
    st.ok(Number(versions[0]) < Number(versions[1]) && Number(versions[1]) < Number(versions[2]));
  });
}

function documentsContract(t: Test, opened: (t: Test) => Promise<Store>): void {
  t.test('versions start at 1 and grow by 1 with each write', async (st) => {
    const { documents } = await opened(st);
    st.equal(await documents.get(ANA, 'k'), null);
    st.equal(await documents.put(ANA, 'k', { n: 1 }), 1);
    st.equal(await documents.put(ANA, 'k', { n: 2 }), 2);
    st.same(await documents.get(ANA, 'k'), { key: 'k', value: { n: 2 }, version: 2 });
  });

  t.test('ifVersion writes only over that version, and 0 only where nothing is', async (st) => {
    const { documents } = await opened(st);
    st.equal(await documents.put(ANA, 'k', 'a', { ifVersion: 1 }), null);
    st.equal(await documents.put(ANA, 'k', 'a', { ifVersion: 0 }), 1);
    st.equal(await documents.put(ANA, 'k', 'b', { ifVersion: 0 }), null);
    st.equal(await documents.put(ANA, 'k', 'b', { ifVersion: 2 }), null);
    st.equal(await documents.put(ANA, 'k', 'b', { ifVersion: 1 }), 2);
    st.same(await documents.get(ANA, 'k'), { key: 'k', value: 'b', version: 2 });
  });

  t.test('of many concurrent writers with one ifVersion exactly one wins', async (st) => {
    const { documents } = await opened(st);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => documents.put(ANA, 'k', n, { ifVersion: 0 })),
    );
    st.equal(outcomes.filter((version) => version === 1).length, 1);
    st.equal(outcomes.filter((version) => version === null).length, 19);
  });

  t.test('users and servers never see each other’s documents', async (st) => {
    const { documents } = await opened(st);
    await documents.put(ANA, 'k', 'of ana');
    await documents.put(BEN, 'k', 'of ben');
    await documents.put({ server: 'tables', user: 'ana' }, 'k', 'of ana, elsewhere');
    // Joined with a separator these two scopes would be one.
    await documents.put({ server: 'a', user: 'b/c' }, 'k', 1);
    st.equal(await documents.get({ server: 'a/b', user: 'c' }, 'k'), null);
    st.equal(await documents.deletePrefix(ANA, ''), 1);
    st.equal((await documents.get(BEN, 'k'))?.value, 'of ben');
    st.equal(await documents.countPrefix({ server: 'tables', user: 'ana' }, ''), 1);
  });

  t.test('any JSON value survives, foreign keys and odd text included', async (st) => {
    const { documents } = await opened(st);
    const cases: unknown[] = [
      null,
      false,
      0,
      -1.5e-300,
      '',
      'NUL \0 and half \ud800 a pair',
      [],
      {},
      [[1], [2, [3]]],
      { $ref: '#/$defs/a', 'a.b': { $set: 1 }, __proto__x: 1 },
      JSON.parse('{"__proto__": {"polluted": true}}'),
    ];
    for (const value of cases) {
      await documents.put(ANA, 'k', value);
      st.equal(
        JSON.stringify((await documents.get(ANA, 'k'))?.value),
        JSON.stringify(value),
        JSON.stringify(value),
      );
    }
  });

  t.test('what JSON cannot say and what is too large is refused', async (st) => {
    const { documents } = await opened(st);
    const loop: unknown[] = [];
    loop.push(loop);
    for (const value of [undefined, () => 1, 10n, loop, 'x'.repeat(4 * 1024 * 1024)]) {
      await rejectsWith(st, documents.put(ANA, 'k', value), 'GW_BAD_REQUEST');
    }
    for (const key of ['', 'a\0b', 'half \ud800', 'é'.repeat(513)]) {
      await rejectsWith(st, documents.put(ANA, key, 1), 'GW_BAD_REQUEST');
      await rejectsWith(st, documents.get(ANA, key), 'GW_BAD_REQUEST');
    }
    await rejectsWith(
      st,
      documents.putMany(ANA, [
        ['good', 1],
        ['bad', undefined],
      ]),
      'GW_BAD_REQUEST',
    );
    st.equal(await documents.countPrefix(ANA, ''), 0, 'nothing was written');
  });

  t.test('putMany writes all in order, a repeated key ends at its last value', async (st) => {
    const { documents } = await opened(st);
    await documents.putMany(ANA, []);
    await documents.putMany(ANA, [
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ]);
    st.same(await documents.list(ANA, { prefix: '' }), [
      { key: 'a', value: 2, version: 2 },
      { key: 'b', value: 1, version: 1 },
    ]);
  });

  t.test('deleting says whether there was something to delete', async (st) => {
    const { documents } = await opened(st);
    await documents.put(ANA, 'k', 1);
    st.equal(await documents.delete(ANA, 'k'), true);
    st.equal(await documents.delete(ANA, 'k'), false);
    st.equal(await documents.put(ANA, 'k', 1, { ifVersion: 0 }), 1, 'absent again');
  });

  t.test('a prefix means exactly the keys that start with it, in byte order', async (st) => {
    const { documents } = await opened(st);
    const keys = [
      'a',
      'a%',
      'a_',
      'aa',
      'aé',
      'a\u{10ffff}',
      'a\u{10ffff}z',
      'b',
      'ａ',
      '\u{1f642}',
    ];
    await documents.putMany(
      ANA,
      keys.map((key) => [key, key] as const),
    );
    const listed = async (prefix: string) =>
      (await documents.list(ANA, { prefix })).map(({ key }) => key);
    st.same(await listed('a'), ['a', 'a%', 'a_', 'aa', 'aé', 'a\u{10ffff}', 'a\u{10ffff}z']);
    st.same(await listed('a_'), ['a_'], 'no wildcard');
    st.same(await listed('a%'), ['a%'], 'no wildcard');
    st.same(await listed('A'), [], 'case matters');
    // UTF-16 order would put the emoji (a surrogate pair) before the full-width letter.
    st.same((await listed('')).slice(-2), ['ａ', '\u{1f642}']);
    st.equal(await documents.countPrefix(ANA, 'a\u{10ffff}'), 2);
    st.equal(await documents.deletePrefix(ANA, 'a\u{10ffff}'), 2);
    st.equal(await documents.countPrefix(ANA, ''), keys.length - 2);
  });

  t.test('pages are bounded, and walking them visits every key once', async (st) => {
    const { documents } = await opened(st);
    const keys = Array.from({ length: 1205 }, (_, n) => `row:${String(n).padStart(5, '0')}`);
    await documents.putMany(
      ANA,
      keys.map((key) => [key, null] as const),
    );
    st.equal((await documents.list(ANA, { prefix: 'row:' })).length, 1000, 'default page');
    st.equal((await documents.list(ANA, { prefix: 'row:', limit: 0 })).length, 1);
    st.equal((await documents.list(ANA, { prefix: 'row:', limit: 5000 })).length, 1205);
    const walked: string[] = [];
    for (let afterKey = 'row:'; ;) {
      const page = await documents.list(ANA, { prefix: 'row:', afterKey, limit: 100 });
      walked.push(...page.map(({ key }) => key));
      const last = page.at(-1);
      if (last === undefined) break;
      afterKey = last.key;
    }
    st.same(walked, keys);
  });

  t.test('property: listing equals filtering and sorting by UTF-8 bytes', async (st) => {
    const { documents } = await opened(st);
    const text = fc.string({ unit: 'binary', maxLength: 6 }).filter((s) => !s.includes('\0'));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          text.filter((s) => s !== ''),
          { maxLength: 40, size: 'max' },
        ),
        text,
        async (keys, prefix) => {
          run += 1;
          const scope = { server: 'property', user: String(run) };
          await documents.putMany(
            scope,
            keys.map((key) => [key, key] as const),
          );
          const bytes = (key: string) => Buffer.from(key);
          const expected = [...new Set(keys)]
            .filter((key) => bytes(key).subarray(0, bytes(prefix).length).equals(bytes(prefix)))
            .sort((a, b) => bytes(a).compare(bytes(b)));
          const listed = (await documents.list(scope, { prefix })).map(({ key }) => key);
          return JSON.stringify(listed) === JSON.stringify(expected);
        },
      ),
      { numRuns: 60 },
    );
    st.equal(run >= 60, true, 'and was tried often');
  });
}
