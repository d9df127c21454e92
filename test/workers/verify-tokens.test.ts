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
import { ALGORITHMS, SIGNATURE_CASES, VERIFYING_KEYS } from '../support/signature-cases.js';

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

async function judge(
  text: string,
  rules = anyone,
  trusted: readonly TokenKey[] = keys,
): Promise<TokenVerdict | undefined> {
  const input = { tokens: [text], keys: trusted, rules, nowSeconds: NOW_SECONDS };
  const [verdict] = await verifyTokens(input);
  return verdict;
}

const word = (verdict?: TokenVerdict) => (verdict?.ok === false ? verdict.refusal : 'accepted');

t.test('every forged, damaged and careless token is judged as the table says', async (t) => {
  for (const [name, text, expected] of TOKEN_CASES) {
    t.equal(word(await judge(text)), expected, name);
  }
});

for (const algorithm of ALGORITHMS) {
  t.test(`${algorithm}: every signature is judged as the table says`, async (t) => {
    // Beside it stands every other key, so that whatever a token could be taken for is there to be taken.
    const trusted: TokenKey[] = [
      secretKey(SECRET),
      ...ALGORITHMS.map((each): TokenKey => {
        return { keyId: null, algorithm: each, key: VERIFYING_KEYS[each] };
      }),
    ];
    for (const [name, text, expected] of SIGNATURE_CASES[algorithm]) {
      t.equal(word(await judge(text, anyone, trusted)), expected, name);
    }
  });
}

t.test('a refusal leaves stacks of other errors alone', async (t) => {
  const { stackTraceLimit } = Error;
  await Promise.all([judge(token().slice(0, -2)), judge('nonsense'), judge(token())]);
  t.equal(Error.stackTraceLimit, stackTraceLimit);
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
      audienceServers: null,
      scopes: ['read', 'server:github'],
      apiKey: null,
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
