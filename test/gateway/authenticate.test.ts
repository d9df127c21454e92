import t from 'tap';
import { apiKeyId, hashApiKey, mintApiKey } from '../../src/gateway/api-key.js';
import { ANONYMOUS } from '../../src/gateway/authenticate.js';
import type { ApiKeyRecord } from '../../src/store/store.js';
import type { TokenVerdict } from '../../src/threads/tasks.js';
import { identityFixture, PEPPER } from '../support/identity.js';
import { createMemoryStore } from '../support/memory-store.js';
import { nextTurn } from '../support/next-turn.js';
import { keyRecord } from '../support/store-contract.js';
import { grant } from '../support/store-parts-contract.js';
import { until } from '../support/until.js';

const idOf = (key: string) => apiKeyId(key) ?? '';
const asked = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    return error;
  }
};

t.test(
  'a key is looked up once and then answered synchronously until its time is up',
  async (t) => {
    const { addKey, ask, clock, lookups, authenticator } = identityFixture();
    const key = await addKey({ servers: ['github'], isAdmin: true });
    const first = ask(key);
    t.ok(first instanceof Promise);
    const principal = await first;
    t.match(principal, { user: 'ana', keyId: idOf(key), isAdmin: true, expiresAtMs: null });
    t.same([...(principal.servers ?? [])], ['github']);
    clock.advance(299_999);
    t.equal(ask(key), principal, 'not a promise');
    t.equal(lookups(), 1);
    clock.advance(1);
    await ask(key);
    t.equal(lookups(), 2);
    t.match(authenticator.stats(), { hits: 1, misses: 2, refusals: 0, cached: 1, pending: 0 });
  },
);

t.test('X-API-Key is the same credential as Bearer', async (t) => {
  const { addKey, authenticator, clock, lookups } = identityFixture();
  const key = await addKey();
  await authenticator.authenticate({ authorization: undefined, apiKey: key }, clock.now);
  const both = { authorization: `Bearer ${key}`, apiKey: key };
  t.match(authenticator.authenticate(both, clock.now), { user: 'ana' });
  t.equal(lookups(), 1);
});

t.test('two different credentials are refused without asking whose they are', async (t) => {
  const { addKey, authenticator, clock, lookups } = identityFixture();
  const [one, two] = [await addKey(), await addKey()];
  t.throws(
    () => authenticator.authenticate({ authorization: `Bearer ${one}`, apiKey: two }, clock.now),
    { code: 'GW_BAD_REQUEST' },
  );
  t.equal(lookups(), 0);
});

t.test(
  'no credential is 401 that says what to do, or the anonymous user where that is allowed',
  (t) => {
    const none = { authorization: undefined, apiKey: undefined, server: 'github' };
    const { authenticator } = identityFixture({
      challengeOf: (server) => ({ metadataUrl: `https://x/${server ?? ''}`, scopes: [] }),
    });
    t.throws(() => authenticator.authenticate(none, 0), {
      code: 'GW_UNAUTHENTICATED',
      message: /multi-mcp keys create --user NAME/,
      options: {
        headers: {
          'www-authenticate': 'Bearer realm="multi-mcp", resource_metadata="https://x/github"',
        },
      },
    });
    const open = identityFixture({ allowAnonymous: true }).authenticator;
    t.equal(open.authenticate(none, 0), ANONYMOUS);
    t.end();
  },
);

t.test('where anonymous is allowed, a wrong credential is still wrong', async (t) => {
  const { ask } = identityFixture({ allowAnonymous: true });
  t.match(await asked(() => ask(mintApiKey().key)), { code: 'GW_UNAUTHENTICATED' });
});

t.test('an unknown id and a wrong secret of a known id look the same', async (t) => {
  const { addKey, ask } = identityFixture();
  const known = await addKey();
  const { key: stranger } = mintApiKey();
  // The stranger's secret behind the known id needs a right checksum: replace the record's hash instead.
  const wrong = identityFixture();
  const key = await wrong.addKey({ hash: 'f'.repeat(64) });
  const [unknown, mismatch] = [await asked(() => ask(stranger)), await asked(() => wrong.ask(key))];
  t.match(unknown, { code: 'GW_UNAUTHENTICATED', message: /not known/ });
  t.equal(String(unknown), String(mismatch));
  t.match(await ask(known), { user: 'ana' });
});

t.test('revoked and expired are told apart to the holder of the right secret', async (t) => {
  const { addKey, ask } = identityFixture();
  const revoked = await addKey({ revokedAt: '2025-12-31T00:00:00.000Z' });
  t.match(await asked(() => ask(revoked)), { message: /was revoked/ });
  const expired = await addKey({ expiresAt: '2026-01-01T00:00:00.000Z' });
  t.match(await asked(() => ask(expired)), { message: /expired/ });
  const unreadable = await addKey({ expiresAt: 'next summer' });
  t.match(await asked(() => ask(unreadable)), { message: /expired/ });
});

t.test('a key is not believed past its own end, however fresh the cache', async (t) => {
  const { addKey, ask, clock } = identityFixture();
  const key = await addKey({ expiresAt: new Date(clock.wall + 10_000).toISOString() });
  await ask(key);
  clock.advance(9999);
  t.match(ask(key), { user: 'ana' });
  clock.advance(1);
  t.match(await asked(() => ask(key)), { code: 'GW_UNAUTHENTICATED' });
});

t.test('a refusal is repeated without asking for a moment, then asked again', async (t) => {
  const { ask, clock, lookups } = identityFixture();
  const { key } = mintApiKey();
  await asked(() => ask(key));
  clock.advance(4999);
  t.throws(() => ask(key), { code: 'GW_UNAUTHENTICATED' }, 'synchronously');
  t.equal(lookups(), 1);
  clock.advance(1);
  await asked(() => ask(key));
  t.equal(lookups(), 2);
});

t.test('many who present one credential at once share one look-up, refused or not', async (t) => {
  const { addKey, ask, lookups, authenticator } = identityFixture();
  const key = await addKey();
  const all = Array.from({ length: 50 }, () => Promise.resolve(ask(key)));
  t.equal(authenticator.stats().pending, 1);
  t.equal(new Set(await Promise.all(all)).size, 1);
  const { key: unknown } = mintApiKey();
  const refused = await Promise.all(Array.from({ length: 50 }, () => asked(() => ask(unknown))));
  t.equal(new Set(refused).size, 50, 'each with an error of its own');
  t.equal(lookups(), 2);
  t.equal(authenticator.stats().pending, 0);
});

t.test(
  'only so many credentials are verified at once; the next is told to come back',
  async (t) => {
    const { addKey, ask, lookups } = identityFixture({ maxPending: 3 });
    const keys = [await addKey(), await addKey(), await addKey(), await addKey()];
    const answers = await Promise.all(keys.map((key) => asked(() => ask(key))));
    t.match(answers.slice(0, 3), [{ user: 'ana' }, { user: 'ana' }, { user: 'ana' }]);
    t.match(answers[3], { code: 'GW_STORE_UNAVAILABLE', options: { retryAfterMs: 1000 } });
    t.equal(lookups(), 3);
    t.match(await ask(keys[3] ?? ''), { user: 'ana' }, 'and is served when it does');
  },
);

t.test('a revoked key is refused at once, others stay cached', async (t) => {
  const { addKey, ask, authenticator, store, lookups } = identityFixture();
  const [lost, kept] = [await addKey(), await addKey({ user: 'ben' })];
  await ask(lost);
  await ask(kept);
  await store.keys.revoke(idOf(lost), new Date());
  authenticator.invalidateKey(idOf(lost));
  t.match(await asked(() => ask(lost)), { message: /was revoked/ });
  t.match(ask(kept), { user: 'ben' });
  t.equal(lookups(), 3);
});

t.test('a verdict from before a revocation is not kept', async (t) => {
  let release: (record: ApiKeyRecord | null) => void = () => undefined;
  const { addKey, ask, authenticator, store } = identityFixture({
    keys: {
      find: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    },
  });
  const key = await addKey();
  const underWay = ask(key);
  const before = await store.keys.find(idOf(key));
  await store.keys.revoke(idOf(key), new Date());
  authenticator.invalidateKey(idOf(key));
  release(before);
  await underWay;
  t.equal(authenticator.stats().cached, 0);
  const again = asked(() => ask(key));
  release(await store.keys.find(idOf(key)));
  t.match(await again, { message: /was revoked/ });
});

t.test('who comes after a revocation does not share a verdict from before it', async (t) => {
  const finds: ((record: ApiKeyRecord | null) => void)[] = [];
  const { addKey, ask, authenticator, store } = identityFixture({
    keys: { find: () => new Promise((resolve) => finds.push(resolve)) },
  });
  const key = await addKey();
  const record = await store.keys.find(idOf(key));
  const early = ask(key);
  await store.keys.revoke(idOf(key), new Date());
  authenticator.invalidateKey(idOf(key));
  const late = asked(() => ask(key));
  const latest = asked(() => ask(key));
  finds[0]?.(record);
  t.match(await early, { user: 'ana' });
  finds[1]?.(await store.keys.find(idOf(key)));
  t.match(await late, { message: /was revoked/ });
  t.match(await latest, { message: /was revoked/ });
  t.equal(finds.length, 2, 'those who come later share one look-up of their own');
  t.equal(authenticator.stats().pending, 0);
});

t.test('forgetting everything forgets refusals too', async (t) => {
  const { addKey, ask, authenticator, lookups } = identityFixture();
  const key = await addKey();
  await ask(key);
  const { key: unknown } = mintApiKey();
  await asked(() => ask(unknown));
  authenticator.invalidateAll();
  await ask(key);
  await asked(() => ask(unknown));
  t.equal(lookups(), 4);
});

t.test('while the store is away the proven go on without waiting, strangers get 503', async (t) => {
  const { addKey, ask, clock, store, lookups, authenticator } = identityFixture();
  const key = await addKey();
  await ask(key);
  store.isAway = true;
  clock.advance(300_000);
  t.match(await ask(key), { user: 'ana' }, 'the one that found out');
  t.match(ask(key), { user: 'ana' }, 'the next, at once');
  const seen = lookups();
  t.match(await asked(() => ask(mintApiKey().key)), {
    code: 'GW_STORE_UNAVAILABLE',
    options: { retryAfterMs: 1000 },
  });
  t.equal(lookups(), seen, 'the store is left alone for a second');
  t.equal(authenticator.stats().staleHits, 1);
  clock.advance(1000);
  t.match(await ask(key), { user: 'ana' });
  t.equal(lookups(), seen + 1, 'then it is asked again');
  store.isAway = false;
  clock.advance(1000);
  t.match(await ask(key), { user: 'ana' });
  clock.advance(299_999);
  t.match(ask(key), { user: 'ana' }, 'fresh again');
});

t.test('the proven do not wait for a store that is slow, and what it says counts', async (t) => {
  const store = createMemoryStore();
  let answer = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let lookups = 0;
  const { clock, authenticator } = identityFixture({
    stalePatienceMs: 1,
    keys: {
      find: async (id) => {
        lookups += 1;
        if (lookups > 1) await slow;
        return store.keys.find(id);
      },
    },
  });
  const { id, key } = mintApiKey();
  await store.keys.insert(keyRecord({ id, hash: hashApiKey(key, PEPPER) }));
  const ask = (credential: string) =>
    authenticator.authenticate(
      { authorization: `Bearer ${credential}`, apiKey: undefined },
      clock.now,
    );
  await ask(key);
  clock.advance(300_000);
  await store.keys.revoke(id, new Date());
  t.match(await ask(key), { user: 'ana' }, 'before the store has spoken');
  clock.advance(1000);
  t.match(await ask(key), { user: 'ana' });
  t.equal(lookups, 2, 'it is asked once');
  const stranger = asked(() => ask(mintApiKey().key));
  answer();
  t.match(await stranger, { code: 'GW_UNAUTHENTICATED' }, 'who is not known waits');
  await until(() => asked(() => ask(key)).then((reply) => reply instanceof Error), {
    timeoutMs: 5000,
    what: 'the refusal',
  });
  t.match(await asked(() => ask(key)), { message: /was revoked/ });
});

t.test('only one of the proven waits for a slow store', async (t) => {
  const store = createMemoryStore();
  const stuck: (() => void)[] = [];
  let isStuck = false;
  const patienceMs = 1000;
  const { clock, authenticator } = identityFixture({
    stalePatienceMs: patienceMs,
    keys: {
      find: async (id) => {
        if (isStuck) await new Promise<void>((resolve) => stuck.push(resolve));
        return store.keys.find(id);
      },
    },
  });
  const keys = [mintApiKey(), mintApiKey()];
  for (const { id, key } of keys) {
    await store.keys.insert(keyRecord({ id, hash: hashApiKey(key, PEPPER) }));
  }
  const hasWaited = async (n: number): Promise<boolean> => {
    const startedAtMs = performance.now();
    const presented = { authorization: `Bearer ${keys[n]?.key ?? ''}`, apiKey: undefined };
    t.match(await authenticator.authenticate(presented, clock.now), { user: 'ana' });
    return performance.now() - startedAtMs > patienceMs * 0.8;
  };
  await Promise.all([hasWaited(0), hasWaited(1)]);
  clock.advance(300_000);
  isStuck = true;
  t.ok(await hasWaited(0), 'it may be but a moment');
  const malformed = { authorization: 'Bearer mmcp_cut', apiKey: undefined };
  await asked(() => authenticator.authenticate(malformed, clock.now));
  t.notOk(await hasWaited(1), 'it is known to be slow, whatever was refused without asking it');
  isStuck = false;
  for (const release of stuck.splice(0)) release();
  await until(() => authenticator.stats().pending === 0, { timeoutMs: 5000, what: 'the answers' });
  clock.advance(300_000);
  await hasWaited(1);
  await until(() => authenticator.stats().pending === 0, { timeoutMs: 5000, what: 'a quick one' });
  clock.advance(300_000);
  isStuck = true;
  t.ok(await hasWaited(1), 'waited for again');
  for (const release of stuck) release();
});

t.test('a key revoked while a slow store is waited for does not go on', async (t) => {
  const { addKey, ask, clock, authenticator, store } = identityFixture({ stalePatienceMs: 1 });
  const key = await addKey();
  await ask(key);
  clock.advance(300_000);
  store.isAway = true;
  const asking = asked(() => ask(key));
  authenticator.invalidateKey(idOf(key));
  t.match(await asking, { code: 'GW_STORE_UNAVAILABLE' });
});

t.test('grace ends ten minutes after the TTL', async (t) => {
  const { addKey, ask, clock, store } = identityFixture();
  const key = await addKey();
  await ask(key);
  store.isAway = true;
  clock.advance(899_999);
  t.match(await ask(key), { user: 'ana' });
  clock.advance(1);
  t.match(await asked(() => ask(key)), { code: 'GW_STORE_UNAVAILABLE' });
});

t.test('a key revoked while the store was away is refused on its return', async (t) => {
  const { addKey, ask, clock, store } = identityFixture();
  const key = await addKey();
  await ask(key);
  await store.keys.revoke(idOf(key), new Date());
  store.isAway = true;
  clock.advance(300_000);
  t.match(await ask(key), { user: 'ana' });
  store.isAway = false;
  clock.advance(1000);
  t.match(await asked(() => ask(key)), { message: /was revoked/ });
});

const tokenVerdict = (
  expiresAtSeconds: number,
  change: { readonly user?: string; readonly apiKey?: string } = {},
): TokenVerdict => ({
  ok: true,
  identity: {
    user: 'ben',
    servers: ['github'],
    audienceServers: null,
    scopes: ['read'],
    apiKey: null,
    expiresAtSeconds,
    ...change,
  },
});
const HOUR_AHEAD = Date.UTC(2026, 0, 1) / 1000 + 3600;

t.test(
  'a token is verified once and believed until the sooner of its end and the TTL',
  async (t) => {
    let verified = 0;
    const { ask, clock } = identityFixture({
      verifyToken: () => {
        verified += 1;
        return Promise.resolve(tokenVerdict(Date.UTC(2026, 0, 1) / 1000 + 60));
      },
    });
    const principal = await ask('header.claims.signature');
    t.match(principal, { user: 'ben', keyId: null, isAdmin: false });
    t.same([...(principal.scopes ?? []), ...(principal.servers ?? [])], ['read', 'github']);
    clock.advance(59_999);
    t.equal(ask('header.claims.signature'), principal);
    clock.advance(1);
    await ask('header.claims.signature');
    t.equal(verified, 2);
  },
);

t.test('a token that names an API key is refused as soon as the key is revoked', async (t) => {
  let apiKey = '';
  const { addKey, ask, authenticator, store } = identityFixture({
    verifyToken: () => Promise.resolve(tokenVerdict(HOUR_AHEAD, { user: 'ana', apiKey })),
  });
  const key = await addKey({ servers: ['github', 'linear'] });
  apiKey = idOf(key);
  const principal = await ask('a.b.c');
  t.match(principal, { user: 'ana', keyId: apiKey });
  t.same([...(principal.servers ?? [])], ['github']);
  t.equal(ask('a.b.c'), principal);
  await ask(key);
  await store.keys.revoke(apiKey, new Date());
  authenticator.invalidateKey(apiKey);
  t.match(await asked(() => ask('a.b.c')), { message: /was revoked/ });
  t.match(await asked(() => ask(key)), { message: /was revoked/ }, 'the key itself too');
});

t.test('changed issuer keys void what tokens proved, not what API keys did', async (t) => {
  let verified = 0;
  const { addKey, ask, authenticator, lookups } = identityFixture({
    verifyToken: () => {
      verified += 1;
      return Promise.resolve(tokenVerdict(HOUR_AHEAD));
    },
  });
  const key = await addKey();
  await ask(key);
  await ask('a.b.c');
  authenticator.invalidateTokens();
  await ask('a.b.c');
  await ask(key);
  t.equal(verified, 2);
  t.equal(lookups(), 1);
});

t.test('many keys at once are all looked up, a bounded number at a time', async (t) => {
  let running = 0;
  let most = 0;
  const { addKey, ask, store } = identityFixture({
    maxEntries: 1000,
    keys: {
      find: async (id) => {
        running += 1;
        most = Math.max(most, running);
        await nextTurn();
        running -= 1;
        return store.keys.find(id);
      },
    },
  });
  const keys = await Promise.all(Array.from({ length: 300 }, () => addKey()));
  const users = await Promise.all(keys.map(async (key) => ask(key)));
  t.equal(users.length, 300);
  t.equal(most, 64);
});

t.test(
  'grants belong to the user behind keys and tokens, and a change is seen at once',
  async (t) => {
    const store = createMemoryStore();
    const { addKey, ask, authenticator } = identityFixture({
      grants: store.grants,
      verifyToken: () => Promise.resolve(tokenVerdict(HOUR_AHEAD, { user: 'ana' })),
    });
    const key = await addKey();
    t.equal((await ask(key)).grants, undefined);
    await store.grants.set(grant({ effect: 'deny' }));
    authenticator.invalidateAll();
    for (const credential of [key, 'a.b.c']) {
      t.match((await ask(credential)).grants?.get('github'), { effect: 'deny' });
    }
    t.equal((await ask(await addKey({ user: 'ben' }))).grants, undefined);
  },
);

t.test('while grants cannot be read nobody new is let in', async (t) => {
  const store = createMemoryStore();
  const { addKey, ask } = identityFixture({ grants: store.grants });
  const key = await addKey();
  store.isAway = true;
  await t.rejects(Promise.resolve(ask(key)), { code: 'GW_STORE_UNAVAILABLE' });
});

t.test('a damaged key costs the store nothing', async (t) => {
  const { addKey, ask, lookups } = identityFixture();
  const key = await addKey();
  t.match(await asked(() => ask(`${key.slice(0, -1)}!`)), { message: /neither a whole/ });
  t.equal(lookups(), 0);
});

t.test('where the store can tell at once, refusals need no promise', async (t) => {
  const asked: string[] = [];
  const { store, addKey, ask, clock, lookups, authenticator } = identityFixture({
    keys: {
      find: () => Promise.reject(new Error('was asked')),
      findNow: (id) => {
        asked.push(id);
        return records.get(id) ?? null;
      },
    },
    grants: { list: () => Promise.resolve([]), ofUser: () => Promise.resolve([]) },
  });
  const records = new Map<string, ApiKeyRecord>();
  const add = async (change?: Partial<ApiKeyRecord>): Promise<string> => {
    const key = await addKey(change);
    const record = await store.keys.find(idOf(key));
    if (record !== null) records.set(record.id, record);
    return key;
  };
  const unknown = mintApiKey().key;
  const refused = { code: 'GW_UNAUTHENTICATED' };
  t.throws(() => ask(unknown), { ...refused, message: /is not known/ });
  t.throws(() => ask(unknown), refused);
  t.same(asked, [idOf(unknown)], 'and is repeated without asking');
  const revoked = await add({ revokedAt: '2026-01-01T00:00:00.000Z' });
  t.throws(() => ask(revoked), { ...refused, message: /was revoked/ });
  t.throws(() => ask(`${unknown.slice(0, -1)}!`), { ...refused, message: /whole API key/ });

  const key = await add({ servers: ['github'] });
  t.match(await ask(key), { user: 'ana', keyId: idOf(key) });
  t.match(ask(await add()), { user: 'ana' }, 'nor does who is let in, once grants are known');
  const record = records.get(idOf(key));
  if (record !== undefined) records.set(record.id, { ...record, revokedAt: '2026-01-01' });
  t.match(ask(key), { user: 'ana' }, 'cached');
  clock.advance(300_000);
  t.throws(() => ask(key), { ...refused, message: /was revoked/ });
  t.equal(lookups(), 0);
  t.match(authenticator.stats(), { hits: 1, misses: 6, refusals: 5, cached: 1, pending: 0 });
});

t.test('a store that cannot tell at once is asked and waited for', async (t) => {
  const { store, addKey, ask } = identityFixture({
    keys: { find: (id) => store.keys.find(id), findNow: () => undefined },
  });
  const key = await addKey();
  t.match(await ask(key), { user: 'ana' });
  const refusal = ask(mintApiKey().key);
  t.ok(refusal instanceof Promise);
  await t.rejects(async () => refusal, { code: 'GW_UNAUTHENTICATED' });
});

t.test('a token that is refused at once is, and once only', (t) => {
  let verified = 0;
  const { ask, authenticator } = identityFixture({
    verifyToken: () => {
      verified += 1;
      return { ok: false, refusal: 'untrusted' };
    },
  });
  for (let n = 0; n < 2; n += 1) t.throws(() => ask('a.b.c'), { code: 'GW_UNAUTHENTICATED' });
  t.equal(verified, 1);
  t.match(authenticator.stats(), { misses: 1, refusals: 2, pending: 0 });
  t.end();
});

t.test('a token’s refusal says what is wrong with it; the verifier’s silence is 503', async (t) => {
  const refusing = identityFixture({
    verifyToken: () => Promise.resolve({ ok: false, refusal: 'expired' }),
  });
  t.match(await asked(() => refusing.ask('a.b.c')), {
    code: 'GW_UNAUTHENTICATED',
    message: /expired.*multi-mcp token --user NAME/,
  });
  const silent = identityFixture({ verifyToken: () => Promise.reject(new Error('no thread')) });
  t.match(await asked(() => silent.ask('a.b.c')), { code: 'GW_INTERNAL' });
});

t.test('what is too large to be a credential is refused before it is hashed', (t) => {
  const { ask, authenticator } = identityFixture();
  t.throws(() => ask('x'.repeat(8193)), { code: 'GW_UNAUTHENTICATED', message: /neither a whole/ });
  t.match(authenticator.stats(), { misses: 0, refusals: 1 });
  t.end();
});

t.test('without a clock of the test’s the system’s is used', async (t) => {
  const { addKey, ask } = identityFixture();
  const fixture = identityFixture({ clock: undefined } as never);
  const key = await addKey();
  t.ok(await ask(key));
  t.match(await asked(() => fixture.ask(key)), { code: 'GW_UNAUTHENTICATED' });
});

t.test(
  'a source with many refused credentials waits, who is known and who is elsewhere not',
  async (t) => {
    const { addKey, ask, clock, lookups, authenticator } = identityFixture({ failedPerSecond: 2 });
    const [known, other, late] = [await addKey(), await addKey(), await addKey()];
    await ask(known, '203.0.113.7');
    for (let n = 0; n < 20; n += 1) {
      t.match(await asked(() => ask(mintApiKey().key, '203.0.113.7')), {
        code: 'GW_UNAUTHENTICATED',
      });
    }
    const before = lookups();
    const refused = await asked(() => ask(late, '203.0.113.7'));
    t.match(refused, {
      code: 'GW_RATE_LIMITED',
      options: { retryAfterMs: 500, data: { policy: 'failed-credentials' } },
    });
    t.equal(lookups(), before, 'it was not even looked for');
    t.match(await ask(known, '203.0.113.7'), { user: 'ana' });
    t.match(await ask(other, '203.0.113.8'), { user: 'ana' });
    t.match(await ask(late), { user: 'ana' }, 'proven again, without an address');
    clock.advance(300_000);
    t.match(await ask(known, '203.0.113.7'), { user: 'ana' }, 'known longer ago than the TTL');
    t.match(await ask(late, '203.0.113.7'), { user: 'ana' });
    t.ok(authenticator.sweep(clock.now) >= 1);
  },
);

t.test('good newcomers of one source spend nothing, nor does a store that is away', async (t) => {
  const { addKey, ask } = identityFixture({ failedPerSecond: 1 });
  for (let n = 0; n < 30; n += 1)
    t.match(await ask(await addKey(), '203.0.113.7'), { user: 'ana' });
  const { ask: askAway } = identityFixture({
    failedPerSecond: 1,
    keys: { find: () => Promise.reject(new Error('away')) },
  });
  for (let n = 0; n < 30; n += 1) {
    t.match(await asked(() => askAway(mintApiKey().key, '203.0.113.7')), {
      code: 'GW_STORE_UNAVAILABLE',
    });
  }
});

t.test(
  'of a source that was refused lately no more is verified at once than may fail',
  async (t) => {
    const { ask, lookups } = identityFixture({ failedPerSecond: 1 });
    await asked(() => ask(mintApiKey().key, '203.0.113.7'));
    const all = await Promise.all(
      Array.from({ length: 50 }, () => asked(() => ask(mintApiKey().key, '203.0.113.7'))),
    );
    t.equal(lookups(), 10);
    t.match(all.slice(0, 9), Array(9).fill({ code: 'GW_UNAUTHENTICATED' }));
    t.match(all.slice(9), Array(41).fill({ code: 'GW_RATE_LIMITED' }));
  },
);

t.test('a crowd of newcomers of a source that nobody suspects is verified at once', async (t) => {
  const { addKey, ask } = identityFixture({ failedPerSecond: 1 });
  const keys = await Promise.all(Array.from({ length: 50 }, () => addKey()));
  const all = await Promise.all(keys.map((key) => asked(() => ask(key, '203.0.113.7'))));
  t.match(all, Array(50).fill({ user: 'ana' }));
});

t.test('neither loopback nor an absent address is anybody’s own source', async (t) => {
  const { ask } = identityFixture({ failedPerSecond: 1 });
  for (const address of ['127.0.0.1', '::1', undefined]) {
    for (let n = 0; n < 30; n += 1) {
      t.match(await asked(() => ask(mintApiKey().key, address)), { code: 'GW_UNAUTHENTICATED' });
    }
  }
});
