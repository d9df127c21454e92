import { createSecretKey } from 'node:crypto';
import t from 'tap';
import { mintToken } from '../../src/gateway/mint-token.js';
import verifyTokens from '../../workers/verify-tokens.js';

const secret = createSecretKey(Buffer.alloc(32, 3));
const base = { user: 'ana', servers: null, expiresInSeconds: 60, nowSeconds: 1000, secret };

t.test('a minted token is accepted by the rules it was minted for', async (t) => {
  const token = mintToken({ ...base, servers: ['github'], issuer: 'us', audience: 'us too' });
  const verdicts = await verifyTokens({
    tokens: [token],
    keys: [{ keyId: null, algorithm: 'HS256', key: secret }],
    rules: { issuer: 'us', audience: 'us too', leewaySeconds: 0, maxLifetimeSeconds: 60 },
    nowSeconds: 1059,
  });
  t.same(verdicts, [
    {
      ok: true,
      identity: {
        user: 'ana',
        servers: ['github'],
        audienceServers: null,
        scopes: [],
        apiKey: null,
        expiresAtSeconds: 1060,
      },
    },
  ]);
});

t.test('what was not asked for is not claimed, and no two tokens are alike', (t) => {
  const mint = () => mintToken({ ...base, issuer: null, audience: null });
  const claims: unknown = JSON.parse(
    Buffer.from(mint().split('.')[1] ?? '', 'base64url').toString(),
  );
  t.match(claims, { sub: 'ana', iat: 1000, exp: 1060, jti: /^[\da-f-]{36}$/ });
  t.same(Object.keys(claims as object).sort(), ['exp', 'iat', 'jti', 'sub']);
  t.not(mint(), mint());
  t.end();
});
