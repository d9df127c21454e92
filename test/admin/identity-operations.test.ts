import { createSecretKey } from 'node:crypto';
import t from 'tap';
import { createIdentityOperations } from '../../src/admin/identity-operations.js';
import { verifyApiKey } from '../../src/gateway/verify-api-key.js';
import verifyTokens from '../../workers/verify-tokens.js';
import { PEPPER } from '../support/identity.js';
import { createMemoryStore } from '../support/memory-store.js';

const jwtSecret = createSecretKey(Buffer.alloc(32, 5));
const asked = {
  user: 'ana',
  servers: null,
  tools: null,
  limits: null,
  isAdmin: false,
  label: '',
  expiresInSeconds: null,
};

function fixture() {
  const store = createMemoryStore();
  const changed: string[] = [];
  const operations = createIdentityOperations({
    store,
    pepper: PEPPER,
    jwtSecret,
    issuer: 'us',
    audience: null,
    maxTokenSeconds: 86_400,
    onKeyChanged: (keyId) => {
      changed.push(keyId);
      return Promise.resolve();
    },
  });
  return { store, operations, changed };
}

t.test('a created key proves its user and is shown only once', async (t) => {
  const { store, operations } = fixture();
  const created = await operations.createKey({
    ...asked,
    servers: ['github'],
    isAdmin: true,
    label: 'laptop',
    expiresInSeconds: 3600,
  });
  const verdict = await verifyApiKey(created.key, {
    find: (id) => store.keys.find(id),
    peppers: [PEPPER],
    wallMs: () => Date.parse(created.createdAt),
  });
  t.match(verdict, { ok: true, principal: { user: 'ana', keyId: created.id, isAdmin: true } });
  t.equal(Date.parse(created.expiresAt ?? '') - Date.parse(created.createdAt), 3_600_000);
  const listed = JSON.stringify(await operations.listKeys({}));
  t.match(listed, /"laptop"/);
  t.notMatch(listed, created.key.slice(18, 61));
  t.notMatch(listed, /hash/);
});

t.test('a revocation reaches the workers, again when it is repeated', async (t) => {
  const { operations, changed } = fixture();
  const { id } = await operations.createKey(asked);
  t.equal(await operations.revokeKey(id), true);
  t.equal(await operations.revokeKey(id), false);
  t.same(changed, [id, id]);
  t.match(await operations.listKeys({ limit: 1 }), [{ id, revokedAt: /^20/ }]);
  t.same(await operations.listKeys({ afterId: id }), []);
});

t.test('a change reaches the workers and leaves the rest of the key as it is', async (t) => {
  const { operations, changed } = fixture();
  const { id } = await operations.createKey({ ...asked, label: 'laptop' });
  const limits = { requestsPerSecond: 5, maxConcurrentRequests: null };
  t.match(await operations.updateKey(id, { limits }), { id, limits, label: 'laptop' });
  t.match(await operations.updateKey(id, { expiresInSeconds: 60 }), { expiresAt: /^20/, limits });
  t.match(await operations.updateKey(id, { expiresInSeconds: null }), { expiresAt: null });
  t.same(changed, [id, id, id]);
  t.equal(await operations.updateKey('unheard-of', { limits }), null);
  for (const [change, message] of [
    [{}, /nothing to change/],
    [{ servers: [] }, /leave it out for all/],
    [{ expiresInSeconds: 0 }, /expiresInSeconds/],
  ] as const) {
    await t.rejects(operations.updateKey(id, change), { code: 'GW_BAD_REQUEST', message });
  }
});

t.test('a minted token is one this gateway accepts', async (t) => {
  const { operations } = fixture();
  const { token, expiresAt } = await operations.mintToken({
    user: 'ana',
    servers: ['github'],
    expiresInSeconds: 60,
  });
  const [verdict] = await verifyTokens({
    tokens: [token],
    keys: [{ keyId: null, algorithm: 'HS256', key: jwtSecret }],
    rules: { issuer: 'us', audience: null, leewaySeconds: 0, maxLifetimeSeconds: 60 },
    nowSeconds: Date.parse(expiresAt) / 1000 - 30,
  });
  t.match(verdict, { ok: true, identity: { user: 'ana', servers: ['github'] } });
});

t.test('what no credential should say is refused before anything is made', async (t) => {
  const { store, operations } = fixture();
  for (const [change, message] of [
    [{ user: '' }, /user must/],
    [{ user: 'a\nb' }, /user must/],
    [{ servers: [] }, /leave it out for all/],
    [{ servers: ['../etc'] }, /no usable server name/],
    [{ servers: ['health'] }, /no usable server name/],
    [{ servers: Array.from({ length: 257 }, (_, n) => `s${n}`) }, /at most 256/],
    [{ tools: { allow: [''], deny: [] } }, /tools.allow must hold/],
    [{ tools: { allow: [], deny: Array<string>(257).fill('a') } }, /tools.deny must be at most/],
    [{ limits: { requestsPerSecond: 0, maxConcurrentRequests: null } }, /requestsPerSecond must/],
    [{ limits: { requestsPerSecond: null, maxConcurrentRequests: 1.5 } }, /from 1 to 100000/],
    [{ label: 'x'.repeat(129) }, /label must/],
    [{ label: '\u001b[31m' }, /label must/],
    [{ expiresInSeconds: 0 }, /expiresInSeconds/],
    [{ expiresInSeconds: 1.5 }, /expiresInSeconds/],
    [{ expiresInSeconds: 1e12 }, /expiresInSeconds/],
  ] as const) {
    await t.rejects(operations.createKey({ ...asked, ...change }), {
      code: 'GW_BAD_REQUEST',
      message,
    });
  }
  t.equal(await store.keys.count(), 0);
  const token = { user: 'ana', servers: null, expiresInSeconds: 86_401 };
  await t.rejects(operations.mintToken(token), { message: /from 1 to 86400/ });
  await t.rejects(operations.mintToken({ ...token, user: '' }), { code: 'GW_BAD_REQUEST' });
});
