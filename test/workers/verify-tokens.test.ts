import { createSecretKey } from 'node:crypto';
import t from 'tap';
import type { TokenKey, TokenRules, TokenVerdict } from '../../src/threads/tasks.js';
import verifyTokens from '../../workers/verify-tokens.js';
import {
  AUDIENCE_CASES,
  eddsa,
  NOW_SECONDS,
  PUBLIC_KEYS,
  SECRET,
  token,
  TOKEN_CASES,
} from '../support/token-cases.js';

const secretKey = (secret: string): TokenKey => ({
  keyId: null,
  algorithm: 'HS256',
  key: createSecretKey(Buffer.from(secret)),
});
const keys: TokenKey[] = [
  secretKey(SECRET),
  secretKey(`${SECRET} (previous)`),
  { keyId: 'rsa', algorithm: 'RS256', key: PUBLIC_KEYS.rsa },
  { keyId: null, algorithm: 'ES256', key: PUBLIC_KEYS.ec },
  { keyId: null, algorithm: 'EdDSA', key: PUBLIC_KEYS.ed },
];
const anyone: TokenRules = {
  issuer: null,
  audience: null,
  leewaySeconds: 30,
  maxLifetimeSeconds: 86_400,
};
const strict: TokenRules = { ...anyone, issuer: 'https://id.example', audience: 'multi-mcp' };

async function judge(text: string, rules = anyone): Promise<TokenVerdict | undefined> {
  const [verdict] = await verifyTokens({ tokens: [text], keys, rules, nowSeconds: NOW_SECONDS });
  return verdict;
}

const word = (verdict?: TokenVerdict) => (verdict?.ok === false ? verdict.refusal : 'accepted');

t.test('every forged, damaged and careless token is judged as the table says', async (t) => {
  for (const [name, text, expected] of TOKEN_CASES) {
    t.equal(word(await judge(text)), expected, name);
  }
});

t.test('issuer and audience count when the gateway names them', async (t) => {
  for (const [name, text, expected] of AUDIENCE_CASES) {
    t.equal(word(await judge(text, strict)), expected, name);
  }
});

t.test('EdDSA tokens, which another library verifies, are held to the same claims', async (t) => {
  const right = { iss: strict.issuer, aud: strict.audience };
  for (const [change, expected] of [
    [right, 'accepted'],
    [{ ...right, exp: NOW_SECONDS - 31 }, 'expired'],
    [{ ...right, exp: String(NOW_SECONDS) }, 'bad-claims'],
    [{ ...right, nbf: NOW_SECONDS + 31 }, 'not-yet'],
    [{ ...right, nbf: 'soon' }, 'bad-claims'],
    [{ ...right, aud: 'billing' }, 'wrong-audience'],
    [{ ...right, iss: 'https://evil.example' }, 'wrong-issuer'],
    [{ aud: 'multi-mcp' }, 'wrong-issuer'],
    [{ ...right, sub: 7 }, 'bad-claims'],
  ] as const) {
    t.equal(word(await judge(eddsa(change), strict)), expected, JSON.stringify(change));
  }
});

t.test('an accepted token says who, where and until when', async (t) => {
  const text = token(undefined, {
    sub: 'ana',
    userId: 'ignored beside sub',
    exp: NOW_SECONDS + 600,
    servers: ['github', 'linear'],
    scope: 'read server:github',
  });
  t.same(await judge(text), {
    ok: true,
    identity: {
      user: 'ana',
      servers: ['github'],
      scopes: ['read', 'server:github'],
      expiresAtSeconds: NOW_SECONDS + 600,
    },
  });
});

t.test('verdicts come in the order of the tokens, each on its own', async (t) => {
  const tokens = [token(), 'nonsense', token()];
  const verdicts = await verifyTokens({ tokens, keys, rules: anyone, nowSeconds: NOW_SECONDS });
  t.same(verdicts.map(word), ['accepted', 'untrusted', 'accepted']);
  t.same(await verifyTokens({ tokens: [], keys, rules: anyone, nowSeconds: 0 }), []);
});

t.test('without a key of the algorithm nothing is accepted', async (t) => {
  const verdicts = await verifyTokens({
    tokens: [token()],
    keys: keys.filter(({ algorithm }) => algorithm !== 'HS256'),
    rules: anyone,
    nowSeconds: NOW_SECONDS,
  });
  t.same(verdicts.map(word), ['untrusted']);
});
