import t from 'tap';
import { apiKeyId, mintApiKey } from '../../src/gateway/api-key.js';
import { bindToKey, principalOfToken } from '../../src/gateway/token-principal.js';
import type { ApiKeyRecord } from '../../src/store/store.js';
import { identityFixture, PEPPER } from '../support/identity.js';

const token = principalOfToken({
  user: 'ana',
  servers: ['a', 'b'],
  audienceServers: ['a'],
  scopes: ['read'],
  apiKey: null,
  expiresAtSeconds: 2_000_000_000,
});

async function bind(record: Partial<ApiKeyRecord>, claim: (key: string) => string) {
  const { addKey, store, clock } = identityFixture();
  const key = await addKey(record);
  return bindToKey(token, claim(key), {
    find: (id) => store.keys.find(id),
    peppers: [PEPPER],
    wallMs: clock.wallMs,
  });
}
const byId = (key: string) => apiKeyId(key) ?? '';
const whole = (key: string) => key;

t.test('the token gets what both it and the key may, and never operator rights', async (t) => {
  for (const claim of [byId, whole]) {
    const verdict = await bind({ servers: ['b', 'c'], isAdmin: true }, claim);
    t.ok(verdict.ok);
    if (!verdict.ok) return;
    const { user, servers, audienceServers, scopes, isAdmin, keyId, expiresAtMs } =
      verdict.principal;
    t.same([...(servers ?? [])], ['b']);
    t.same([...(audienceServers ?? [])], ['a']);
    t.same([...(scopes ?? [])], ['read']);
    t.match({ user, isAdmin }, { user: 'ana', isAdmin: false });
    t.ok(keyId);
    t.equal(expiresAtMs, 2_000_000_000_000);
  }
  const unlimited = await bind({ servers: null, expiresAt: '2026-01-02T00:00:00.000Z' }, byId);
  t.ok(unlimited.ok);
  if (!unlimited.ok) return;
  t.same([...(unlimited.principal.servers ?? [])], ['a', 'b']);
  t.equal(unlimited.principal.expiresAtMs, Date.UTC(2026, 0, 2), 'the sooner end counts');
});

t.test('a key that does not hold voids the token', async (t) => {
  for (const [record, claim, refusal] of [
    [{}, () => mintApiKey().id, 'unknown-key'],
    [{}, () => mintApiKey().key, 'unknown-key'],
    [{}, () => 'a key of another program', 'unknown-key'],
    [{}, () => '', 'unknown-key'],
    [{}, (key: string) => `${key.slice(0, -1)}!`, 'malformed'],
    [{ revokedAt: '2025-01-01T00:00:00.000Z' }, byId, 'revoked-key'],
    [{ expiresAt: '2025-01-01T00:00:00.000Z' }, byId, 'expired-key'],
    [{ user: 'ben' }, byId, 'bad-claims'],
    [{ user: 'ben' }, whole, 'bad-claims'],
  ] as const) {
    t.same(await bind(record, claim), { ok: false, refusal });
  }
});
