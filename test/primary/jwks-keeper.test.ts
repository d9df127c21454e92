import { generateKeyPairSync } from 'node:crypto';
import t, { type Test } from 'tap';
import { JwksKeeper } from '../../src/primary/jwks-keeper.js';
import { nextTurn } from '../support/next-turn.js';

const setOf = (...kids: readonly string[]) =>
  JSON.stringify({
    keys: kids.map((kid) => ({
      ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
      kid,
    })),
  });

function fixture(t: Test, urls: readonly string[] = ['https://id.example/jwks']) {
  const state = {
    nowMs: 0,
    fetched: [] as string[],
    changes: 0,
    warnings: 0,
    answer: (url: string): string | Promise<string> => setOf(url === '' ? '' : 'k1'),
  };
  const keeper = new JwksKeeper({
    urls,
    onChange: () => {
      state.changes += 1;
    },
    log: {
      info: () => undefined,
      warn: () => {
        state.warnings += 1;
      },
    },
    fetch: async (url) => {
      state.fetched.push(url);
      return await state.answer(url);
    },
    nowMs: () => state.nowMs,
  });
  t.teardown(() => {
    keeper.close();
  });
  const kids = () => keeper.message(false).keys.map(({ keyId }) => keyId);
  const down = () => {
    throw new Error('connect ECONNREFUSED');
  };
  return { state, keeper, kids, down };
}

t.test('the sets are fetched at start and announced; nothing changed is not news', async (t) => {
  const { state, keeper, kids } = fixture(t);
  t.match(keeper.message(false), { version: 0, keys: [], isComplete: false });
  const set = setOf('k1');
  state.answer = () => set;
  keeper.start();
  await nextTurn();
  t.same(kids(), ['k1']);
  t.match(keeper.message(false), { version: 1, isComplete: true });
  await keeper.askedRefresh();
  t.equal(state.changes, 1);
  t.equal(state.fetched.length, 2);
});

t.test('strangers’ key ids cause one fetch in thirty seconds, shared by all', async (t) => {
  const { state, keeper } = fixture(t);
  await Promise.all(Array.from({ length: 100 }, () => keeper.askedRefresh()));
  t.equal(state.fetched.length, 1);
  t.equal(keeper.message(true).nextRefreshInMs, 30_000);
  state.nowMs = 29_999;
  await keeper.askedRefresh();
  t.equal(state.fetched.length, 1);
  state.nowMs = 30_000;
  state.answer = () => setOf('k1', 'k2');
  await keeper.askedRefresh();
  t.equal(state.fetched.length, 2);
  t.equal(keeper.message(true).keys.length, 2);
});

t.test('while an issuer is down its last good set stays, for a day', async (t) => {
  const { state, keeper, kids, down } = fixture(t);
  await keeper.askedRefresh();
  state.answer = down;
  for (const hours of [1, 12, 23]) {
    state.nowMs = hours * 3_600_000;
    await keeper.askedRefresh();
    t.same(kids(), ['k1'], `after ${hours} h`);
  }
  t.equal(state.warnings, 1, 'the same failure is told once');
  state.nowMs = 24 * 3_600_000;
  await keeper.askedRefresh();
  t.match(keeper.message(false), { keys: [], isComplete: false });
  state.nowMs += 30_000;
  state.answer = () => setOf('k3');
  await keeper.askedRefresh();
  t.same(kids(), ['k3']);
});

t.test('a set without a usable key takes nothing away', async (t) => {
  const { state, keeper, kids } = fixture(t);
  await keeper.askedRefresh();
  for (const text of ['{"keys":[]}', 'not JSON', '<html>sign in</html>']) {
    state.nowMs += 30_000;
    state.answer = () => text;
    await keeper.askedRefresh();
    t.same(kids(), ['k1'], text);
  }
});

t.test('issuers fail apart', async (t) => {
  const { state, keeper, kids, down } = fixture(t, ['https://a.example', 'https://b.example']);
  state.answer = (url) => (url.includes('a.') ? setOf('a1') : down());
  await keeper.askedRefresh();
  t.same(kids(), ['a1']);
  t.notOk(keeper.message(false).isComplete);
});

t.test('a fetch that ends after the close announces nothing', async (t) => {
  const { state, keeper } = fixture(t);
  let arrive: (text: string) => void = () => undefined;
  state.answer = () => new Promise((resolve) => (arrive = resolve));
  keeper.start();
  keeper.close();
  arrive(setOf('k1'));
  await nextTurn();
  t.equal(state.changes, 0);
});

t.test('without issuers nothing is fetched', async (t) => {
  const { state, keeper } = fixture(t, []);
  keeper.start();
  await keeper.askedRefresh();
  t.same(state.fetched, []);
  t.ok(keeper.message(false).isComplete);
});
