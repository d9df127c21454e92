import t from 'tap';
import { FairGate } from '../../src/gateway/fair-gate.js';
import { nextTurn } from '../support/next-turn.js';

const busy = { code: 'GW_STORE_UNAVAILABLE' };

function fixture(options: { readonly maxAtOnce?: number; readonly maxWaiting?: number } = {}) {
  let nowMs = 0;
  const gate = new FairGate({
    maxAtOnce: 1,
    maxWaiting: 100,
    maxWaitMs: 1000,
    nowMs: () => nowMs,
    ...options,
  });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const run = (name: string, source: string) =>
    gate
      .run(source, async () => {
        begun.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
        return name;
      })
      .catch((error: unknown) => error);
  const endNext = async () => {
    ends.shift()?.();
    await nextTurn();
  };
  return { run, begun, endNext, at: (ms: number) => (nowMs = ms) };
}

t.test('sources take turns, and never do more run than may', async (t) => {
  const { run, begun, endNext } = fixture();
  const all = ['a1', 'a2', 'a3', 'b1'].map((name) => run(name, name.charAt(0)));
  await nextTurn();
  t.same(begun, ['a1']);
  for (let n = 0; n < 4; n += 1) await endNext();
  t.same(begun, ['a1', 'a2', 'b1', 'a3']);
  t.same(await Promise.all(all), ['a1', 'a2', 'a3', 'b1']);
});

t.test('a place is given back when work fails', async (t) => {
  const gate = new FairGate({ maxAtOnce: 1, maxWaiting: 1, maxWaitMs: 1000 });
  const fails = () => Promise.reject(new Error('store'));
  for (let n = 0; n < 3; n += 1) await t.rejects(gate.run('a', fails), { message: 'store' });
  t.equal(await gate.run('a', () => Promise.resolve(1)), 1);
});

t.test('beyond the bound and past the wait the answer is busy', async (t) => {
  const { run, endNext, at, begun } = fixture({ maxWaiting: 4 });
  const running = run('running', 'a');
  const waiting = [run('w1', 'a'), run('w2', 'a'), run('w3', 'a')];
  t.match(await run('w4', 'a'), busy, 'one source has three quarters');
  const other = run('other', 'b');
  t.match(await run('w5', 'c'), busy, 'full');
  at(1000);
  await endNext();
  t.match(await Promise.all([...waiting, other]), [busy, busy, busy, busy]);
  t.same(begun, ['running']);
  t.equal(await running, 'running');
});
