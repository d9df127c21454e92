import { createSecretKey } from 'node:crypto';
import t from 'tap';
import { createThreadPool } from '../../src/threads/pool.js';
import { VERIFY_TOKENS, type ThreadTask } from '../../src/threads/tasks.js';
import type echo from '../support/echo-task.js';
import type stuck from '../support/stuck-task.js';
import { NOW_SECONDS, SECRET, token } from '../support/token-cases.js';

const rules = { issuer: null, audience: null, leewaySeconds: 0, maxLifetimeSeconds: 86_400 };
const input = (tokens: string[]) => ({
  tokens,
  keys: [{ keyId: null, algorithm: 'HS256' as const, key: createSecretKey(Buffer.from(SECRET)) }],
  rules,
  nowSeconds: NOW_SECONDS,
});

t.test('the real task runs in a real thread, keys and all', async (t) => {
  const pool = createThreadPool(VERIFY_TOKENS, { deadlineMs: 20_000, maxQueue: 10 });
  t.teardown(() => pool.close());
  const verdicts = await pool.run(input([token(), 'nonsense']));
  t.match(verdicts, [
    { ok: true, identity: { user: 'ana', expiresAtSeconds: NOW_SECONDS + 3600 } },
    { ok: false, refusal: 'untrusted' },
  ]);
});

/** Fixtures lie beside the tests, where workers/ would be. */
const STUCK: ThreadTask<null, ReturnType<typeof stuck>> = { name: '../test/support/stuck-task' };
const ECHO: ThreadTask<number, ReturnType<typeof echo>> = { name: '../test/support/echo-task' };

t.test('a task that never ends is ended at the deadline and the pool lives on', async (t) => {
  const pool = createThreadPool(STUCK, { deadlineMs: 50, maxQueue: 10 });
  t.teardown(() => pool.close());
  await t.rejects(pool.run(null), { name: 'ThreadPoolError' });
  await t.rejects(pool.run(null), { name: 'ThreadPoolError' });
});

t.test('a full queue and a closed pool reject at once', async (t) => {
  const pool = createThreadPool(ECHO, { threads: 1, deadlineMs: 20_000, maxQueue: 1 });
  t.equal(await pool.run(1), 1);
  const all = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => pool.run(n)));
  const refused = all.flatMap((run) => (run.status === 'rejected' ? [run.reason as unknown] : []));
  t.equal(refused.length, 18, 'one runs, one waits');
  for (const reason of refused) t.match(reason, { name: 'ThreadPoolError' });
  await pool.close();
  await t.rejects(pool.run(1), { name: 'ThreadPoolError' });
});

t.test('a task’s own error names the task', async (t) => {
  const pool = createThreadPool(ECHO, { deadlineMs: 20_000, maxQueue: 10 });
  t.teardown(() => pool.close());
  await t.rejects(pool.run(-1), { message: /echo-task: negative/ });
});
