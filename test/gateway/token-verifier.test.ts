import { createSecretKey } from 'node:crypto';
import t from 'tap';
import { fixedKeys, type KeySource } from '../../src/gateway/issuer-keys.js';
import { createTokenVerifier } from '../../src/gateway/token-verifier.js';
import type { TokenKey, TokenVerdict, VerifyTokensInput } from '../../src/threads/tasks.js';
import { nextTurn } from '../support/next-turn.js';

const rules = { issuer: null, audience: null, leewaySeconds: 0, maxLifetimeSeconds: 60 };
const keyOf = (algorithm: TokenKey['algorithm'], keyId: string | null = null): TokenKey => ({
  keyId,
  algorithm,
  // Nothing is verified here, so any key will do.
  key: createSecretKey(Buffer.alloc(32)),
});
const ALL_KEYS = (['HS256', 'RS256', 'ES256', 'EdDSA'] as const).map((each) => keyOf(each));
/** Shaped like a token; the name stands in its claims. */
const tokenOf = (name: string | number, header: Record<string, unknown> = {}) =>
  `${encode({ alg: 'HS256', ...header })}.${encode(name)}.AA`;
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const nameIn = (token: string) =>
  String(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
const verdictFor = (token: string): TokenVerdict => ({
  ok: true,
  identity: {
    user: nameIn(token),
    servers: null,
    audienceServers: null,
    scopes: [],
    apiKey: null,
    expiresAtSeconds: 1,
  },
});
const later = { code: 'GW_STORE_UNAVAILABLE', options: { retryAfterMs: 1000 } };

interface Batch {
  readonly where: string;
  readonly names: readonly string[];
  readonly end: () => void;
}

function fixture(
  options: {
    readonly answer?: (input: VerifyTokensInput) => readonly TokenVerdict[];
    /** Batches in the thread last until the test ends them. */
    readonly isSlow?: boolean;
    readonly maxWaiting?: number;
    readonly keys?: KeySource;
    readonly nowMs?: () => number;
  } = {},
) {
  const { isSlow = false } = options;
  const answer = options.answer ?? ((input: VerifyTokensInput) => input.tokens.map(verdictFor));
  const batches: Batch[] = [];
  const record = (where: string) => async (input: VerifyTokensInput) => {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    batches.push({ where, names: input.tokens.map(nameIn), end });
    if (isSlow && where === 'thread') await ended;
    return answer(input);
  };
  const verifier = createTokenVerifier({
    keys: options.keys ?? fixedKeys(ALL_KEYS),
    rules,
    verifyHere: record('here'),
    verifyInThread: record('thread'),
    ...(options.maxWaiting === undefined ? {} : { maxWaiting: options.maxWaiting }),
    ...(options.nowMs === undefined ? {} : { nowMs: options.nowMs }),
  });
  const verify = (...asked: Parameters<typeof verifier>): Promise<TokenVerdict> =>
    Promise.resolve(verifier(...asked));
  const many = (count: number, header: Record<string, unknown> = {}) =>
    Promise.all(Array.from({ length: count }, (_, n) => verify(tokenOf(n, header))));
  const sizes = () => batches.map(({ where, names }) => `${where} ${names.length}`);
  return { batches, verifier, verify, many, sizes };
}

t.test('a few are verified here, many in a thread', async (t) => {
  for (const [algorithm, count, expected] of [
    ['HS256', 22, 'here 22'],
    ['HS256', 23, 'thread 23'],
    ['RS256', 7, 'here 7'],
    ['RS256', 8, 'thread 8'],
    ['ES256', 3, 'here 3'],
    ['ES256', 4, 'thread 4'],
    ['EdDSA', 1, 'here 1'],
    ['EdDSA', 2, 'thread 2'],
  ] as const) {
    const { many, sizes } = fixture();
    await many(count, { alg: algorithm });
    t.same(sizes(), [expected], `${count} ${algorithm}`);
  }
});

t.test(
  'a flood is cut into batches of a few milliseconds, and all get their verdict',
  async (t) => {
    const { many, sizes } = fixture();
    const verdicts = await many(300);
    t.same(sizes(), ['thread 128', 'thread 128', 'thread 44']);
    t.same(
      verdicts.map((verdict) => verdict.ok && verdict.identity.user),
      Array.from({ length: 300 }, (_, n) => String(n)),
    );
    const dear = fixture();
    await dear.many(100, { alg: 'EdDSA' });
    t.same(dear.sizes(), ['thread 39', 'thread 39', 'thread 22']);
  },
);

t.test('two batches are under way at most, so that a deadline counts no queue', async (t) => {
  const { many, batches, sizes } = fixture({ isSlow: true });
  const done = many(10_000);
  await nextTurn();
  t.same(sizes(), ['thread 128', 'thread 128']);
  for (let n = 0; n < 79; n += 1) {
    batches[n]?.end();
    await nextTurn();
  }
  t.equal((await done).length, 10_000, 'ten thousand cold tokens are all verified');
});

t.test('sources take turns: a flood from one address delays others by a turn', async (t) => {
  const { verify, batches } = fixture({ isSlow: true });
  const flood = Array.from({ length: 1000 }, (_, n) => verify(tokenOf(`flood ${n}`), '10.0.0.1'));
  await nextTurn();
  const good = verify(tokenOf('good'), '10.0.0.2');
  await nextTurn();
  batches[0]?.end();
  await nextTurn();
  t.ok(batches[2]?.names.slice(0, 2).includes('good'));
  batches[2]?.end();
  t.match(await good, { ok: true });
  for (let n = 1; n < 9; n += 1) {
    batches[n]?.end();
    await nextTurn();
  }
  t.equal((await Promise.all(flood)).length, 1000);
});

t.test('one source cannot fill the queue, and a full queue says when to come back', async (t) => {
  const { verify, batches } = fixture({ isSlow: true, maxWaiting: 8 });
  const outcomes: unknown[] = [];
  const ask = (name: string, source: string) => {
    verify(tokenOf(name), source).then(
      () => outcomes.push(`${name} verified`),
      (error: unknown) => outcomes.push(error),
    );
  };
  for (let n = 0; n < 7; n += 1) ask(`flood ${n}`, '10.0.0.1');
  ask('good 1', '10.0.0.2');
  ask('good 2', '10.0.0.2');
  ask('one too many', '10.0.0.3');
  await nextTurn();
  t.match(outcomes, [later, later]);
  batches[0]?.end();
  await nextTurn();
  t.equal(outcomes.filter((each) => typeof each === 'string').length, 8);
});

t.test('who waited too long is told so, and nobody else is', async (t) => {
  let nowMs = 0;
  const { verify, batches } = fixture({ isSlow: true, nowMs: () => nowMs });
  const first = Array.from({ length: 256 }, (_, n) => verify(tokenOf(n)));
  const late = verify(tokenOf('late')).catch((error: unknown) => error);
  await nextTurn();
  nowMs = 9000;
  const fresh = verify(tokenOf('fresh'));
  nowMs = 10_000;
  batches[0]?.end();
  t.match(await late, later);
  await nextTurn();
  for (const batch of batches) batch.end();
  t.match(await fresh, { ok: true });
  await Promise.all(first);
});

t.test('what no key fits is refused at once, without a thread', async (t) => {
  const { verifier, verify, sizes } = fixture({ keys: fixedKeys([keyOf('RS256', 'k1')]) });
  for (const token of [
    'nonsense',
    tokenOf('x', { alg: 'none' }),
    tokenOf('x', { alg: 'HS256' }),
    tokenOf('x', { alg: 'RS256' }),
    tokenOf('x', { alg: 'RS256', kid: 'k2' }),
    tokenOf('x', { alg: 'RS256', kid: 'k1', jwk: {} }),
  ]) {
    t.same(verifier(token), { ok: false, refusal: 'untrusted' }, `${token} and no promise`);
  }
  t.same(sizes(), []);
  t.match(await verify(tokenOf('x', { alg: 'RS256', kid: 'k1' })), { ok: true });
});

function changingKeys(isComplete = true) {
  const state = { keys: [] as TokenKey[], asked: 0, mayAsk: true, published: [] as TokenKey[] };
  const source: KeySource = {
    current: () => state.keys,
    refresh: () => {
      if (!state.mayAsk) return null;
      state.asked += 1;
      return Promise.resolve().then(() => {
        state.keys = state.published;
      });
    },
    isComplete,
  };
  return { state, source };
}

t.test('a key that the issuer has published meanwhile is found', async (t) => {
  const { state, source } = changingKeys();
  const { verify } = fixture({ keys: source });
  state.published = [keyOf('ES256', 'new')];
  t.match(await verify(tokenOf('x', { alg: 'ES256', kid: 'new' })), { ok: true });
  t.equal(state.asked, 1);
  t.match(await verify(tokenOf('x', { alg: 'ES256', kid: 'made up' })), { ok: false });
  state.mayAsk = false;
  t.match(await verify(tokenOf('x', { alg: 'ES256', kid: 'made up' })), { ok: false });
  t.match(await verify(tokenOf('x', { alg: 'HS256' })), { ok: false }, 'no issuer is asked for it');
  t.equal(state.asked, 2);
});

t.test('while an issuer was never reached its tokens are not refused, but put off', async (t) => {
  const { verify } = fixture({ keys: changingKeys(false).source });
  await t.rejects(verify(tokenOf('x', { alg: 'RS256', kid: 'k' })), later);
  t.match(await verify(tokenOf('x', { alg: 'HS256' })), { ok: false });
});

t.test('a thread that fails or answers short lets nobody in', async (t) => {
  const failing = fixture({
    answer: () => {
      throw new Error('deadline');
    },
  });
  await t.rejects(failing.verify(tokenOf('a')), later);
  await t.rejects(failing.many(5), later);
  await t.rejects(failing.many(5), later, 'and goes on');
  const short = fixture({ answer: () => [] });
  t.same(await short.verify(tokenOf('a')), { ok: false, refusal: 'untrusted' });
});
