import t from 'tap';
import { createTokenVerifier } from '../../src/gateway/token-verifier.js';
import type { TokenVerdict, VerifyTokensInput } from '../../src/threads/tasks.js';

const rules = { issuer: null, audience: null, leewaySeconds: 0, maxLifetimeSeconds: 60 };
const verdictFor = (token: string): TokenVerdict => ({
  ok: true,
  identity: { user: token, servers: null, scopes: [], expiresAtSeconds: 1 },
});

function fixture(answer = (input: VerifyTokensInput) => input.tokens.map(verdictFor)) {
  const batches: { where: string; size: number }[] = [];
  const record = (where: string) => (input: VerifyTokensInput) => {
    batches.push({ where, size: input.tokens.length });
    return Promise.resolve(input).then(answer);
  };
  const verify = createTokenVerifier({
    keys: [],
    rules,
    verifyHere: record('here'),
    verifyInThread: record('thread'),
    maxHere: 2,
  });
  const many = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, n) => verify(`token ${n}`)));
  return { batches, verify, many };
}

t.test('the tokens of one turn are one batch: a few here, more in a thread', async (t) => {
  const { batches, many } = fixture();
  await many(2);
  await many(3);
  t.same(batches, [
    { where: 'here', size: 2 },
    { where: 'thread', size: 3 },
  ]);
});

t.test('a flood is cut into batches, and everyone gets their own verdict', async (t) => {
  const { batches, many } = fixture();
  const verdicts = await many(300);
  t.same(
    batches.map(({ size }) => size),
    [128, 128, 44],
  );
  t.same(
    verdicts,
    Array.from({ length: 300 }, (_, n) => verdictFor(`token ${n}`)),
  );
});

t.test('a thread that fails or answers short lets nobody in', async (t) => {
  const failing = fixture(() => {
    throw new Error('deadline');
  });
  await t.rejects(failing.verify('a'), { code: 'GW_STORE_UNAVAILABLE' });
  await t.rejects(failing.many(5), { code: 'GW_STORE_UNAVAILABLE' });
  const short = fixture(() => []);
  t.same(await short.verify('a'), { ok: false, refusal: 'untrusted' });
});
