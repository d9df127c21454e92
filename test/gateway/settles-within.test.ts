import t from 'tap';
import { settlesWithin } from '../../src/gateway/settles-within.js';

t.test('an end in time is seen, success or not', async (t) => {
  t.equal(await settlesWithin(60_000, Promise.resolve(1)), true);
  const failing = Promise.reject(new Error('no'));
  t.equal(await settlesWithin(60_000, failing), true);
  await t.rejects(failing, { message: 'no' }, 'and is still there for its owner');
});

t.test('what takes longer is not waited for', async (t) => {
  const { promise, resolve } = withResolvers();
  t.equal(await settlesWithin(1, promise), false);
  resolve();
  t.equal(await settlesWithin(60_000, promise), true);
});

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}
