import t from 'tap';
import { isUserName, readTokenClaims } from '../../src/gateway/token-claims.js';

const rules = { issuer: null, audience: null, leewaySeconds: 30, maxLifetimeSeconds: 3600 };
const serversOf = (claims: Record<string, unknown>) => {
  const verdict = readTokenClaims({ sub: 'ana', exp: 100, ...claims }, rules, 50, true);
  return verdict.ok ? verdict.identity.servers : verdict.refusal;
};

t.test('each claim that names servers narrows the list; none means all', (t) => {
  for (const [claims, expected] of [
    [{}, null],
    [{ scope: 'read write' }, null],
    [{ servers: ['a', 'b'] }, ['a', 'b']],
    [{ servers: 'a b' }, ['a', 'b']],
    [{ servers: '' }, []],
    [{ servers: [] }, []],
    [{ serverId: 'a' }, ['a']],
    [{ serverId: '' }, []],
    [{ scope: 'server:a read server:b' }, ['a', 'b']],
    [{ scope: ['server:a'] }, ['a']],
    [{ servers: ['a', 'b'], serverId: 'b' }, ['b']],
    [{ servers: ['a', 'b'], scope: 'server:c' }, []],
    [{ servers: ['a', 'b', 'c'], serverId: 'b', scope: 'server:b server:c' }, ['b']],
    [{ servers: { 0: 'a' } }, 'bad-claims'],
    [{ serverId: 7 }, 'bad-claims'],
    [{ serverId: null }, 'bad-claims'],
    [{ scope: null }, 'bad-claims'],
  ] as const) {
    t.same(serversOf(claims), expected, JSON.stringify(claims));
  }
  t.end();
});

t.test('the longest lifetime is exactly what is configured, from iat or from now', (t) => {
  const judge = (claims: Record<string, unknown>) => {
    const verdict = readTokenClaims({ sub: 'ana', ...claims }, rules, 1000, true);
    return verdict.ok ? 'accepted' : verdict.refusal;
  };
  t.equal(judge({ iat: 900, exp: 4500 }), 'accepted');
  t.equal(judge({ iat: 900, exp: 4501 }), 'lives-too-long');
  t.equal(judge({ exp: 4600 }), 'accepted');
  t.equal(judge({ exp: 4601 }), 'lives-too-long');
  t.equal(judge({ iat: 1030, exp: 2000 }), 'accepted');
  t.equal(judge({ iat: 1031, exp: 2000 }), 'not-yet');
  t.equal(judge({ iat: -1, exp: 2000 }), 'bad-claims');
  t.end();
});

t.test('an apiKey claim is a short text, and absent or null means none', (t) => {
  const keyIn = (apiKey: unknown) => {
    const verdict = readTokenClaims({ userId: 'ana', exp: 100, apiKey }, rules, 50, true);
    return verdict.ok ? verdict.identity.apiKey : verdict.refusal;
  };
  t.equal(keyIn(undefined), null);
  t.equal(keyIn(null), null);
  t.equal(keyIn('abc'), 'abc');
  for (const odd of [7, {}, ['abc'], 'x'.repeat(129)]) t.equal(keyIn(odd), 'bad-claims');
  t.end();
});

t.test('user names are printable and short', (t) => {
  for (const name of ['ana', 'ana@example.com', 'auth0|5f7', 'Søren Å', '\u{1f642}']) {
    t.ok(isUserName(name), name);
  }
  for (const name of ['', 'a\nb', 'a\0', '\u0085', '\ud800', 'a'.repeat(257)]) {
    t.notOk(isUserName(name), JSON.stringify(name));
  }
  t.end();
});
