import { executionAsyncResource } from 'node:async_hooks';
import t from 'tap';
import { closeSoon } from '../../src/http/close-soon.js';

t.test('what closes a connection runs among the timers, never in setImmediate', async (t) => {
  // From where the order of both is certain, and a reply may be asked for.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  let hasRun = false;
  const kind = new Promise<string>((resolve) => {
    closeSoon(() => {
      hasRun = true;
      resolve(executionAsyncResource().constructor.name);
    });
  });
  await Promise.resolve();
  t.equal(hasRun, false, 'not in this turn');
  t.equal(await kind, 'Timeout');
});
