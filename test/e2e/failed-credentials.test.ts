/** One address guesses credentials: it is slowed down, and nobody else is. */
import t from 'tap';
import { mintApiKey } from '../../src/gateway/api-key.js';
import { admissionBench } from '../support/admission-bench.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

const GUESSER = '203.0.113.7';
const OTHER = '203.0.113.8';

t.test('an address with many refused credentials has its new ones refused unseen', async (t) => {
  const { call, gateway } = await admissionBench(t, {
    global: { workers: 1, trustProxy: ['127.0.0.1'] },
    auth: { failedCredentialsPerSecond: 1 },
    servers: { one: {} },
  });
  const [known, late] = await Promise.all([gateway.makeKey('ana'), gateway.makeKey('bo')]);
  const guess = (from?: string) =>
    call('', 'one', { key: mintApiKey().key, ...(from === undefined ? {} : { from }) });
  t.equal((await call('', 'one', { key: known, from: GUESSER })).status, 200);

  const startedAtMs = performance.now();
  const statuses: number[] = [];
  while (!statuses.includes(429) && statuses.length < 100) {
    statuses.push((await guess(GUESSER)).status);
  }
  const looked = statuses.filter((status) => status === 401).length;
  const refilled = (performance.now() - startedAtMs) / 1000;
  t.ok(looked >= 10 && looked <= 10 + refilled, `${looked} looked at within ${refilled} s`);

  const refused = await call('', 'one', { key: late, from: GUESSER });
  t.equal(refused.status, 429);
  t.equal(refused.headers['retry-after'], '1');
  t.match(refused.message?.error?.data, {
    reason: 'GW_RATE_LIMITED',
    policy: 'failed-credentials',
  });
  t.match(refused.message?.error?.message, /from this address were refused/);
  t.equal((await call('', 'one', { key: known, from: GUESSER })).status, 200, 'who is known');
  t.equal((await call('', 'one', { key: late, from: OTHER })).status, 200, 'another address');
  const third = await gateway.makeKey('cy');
  await until(async () => (await call('', 'one', { key: third, from: GUESSER })).status === 200, {
    timeoutMs: 10_000,
    what: 'a new key from the address that guesses no more',
  });

  const here = await Promise.all(Array.from({ length: 30 }, () => guess()));
  t.same([...new Set(here.map(({ status }) => status))], [401], 'this machine itself');
});

t.test('what is revoked while it waits is not carried out, however many guesses', async (t) => {
  const { call, gateway, upstream, health } = await admissionBench(t, {
    global: {
      workers: 1,
      trustProxy: ['127.0.0.1'],
      maxConnectionsPerServer: 1,
      queueTimeout: 30_000,
    },
    auth: { failedCredentialsPerSecond: 1 },
    servers: { one: {} },
  });
  const gone = await gateway.makeKey('eve');
  upstream.onCall(() => ({ delayMs: 0, status: 'never' }));
  const leaving = new AbortController();
  const first = call('bo', 'one', { signal: leaving.signal }).catch(() => null);
  await until(() => upstream.inFlight() === 1, { timeoutMs: 5000, what: 'the slot in use' });
  const waiting = call('', 'one', { key: gone, from: GUESSER });
  await until(async () => (await health()).connectionPool.queued === 1, {
    timeoutMs: 5000,
    what: 'the call in the queue',
  });
  const revoked = await gateway.cli(['keys', 'revoke', /^mmcp_([^_]+)_/.exec(gone)?.[1] ?? '']);
  t.equal(revoked.code, 0, revoked.output);
  let guess = 401;
  for (let n = 0; guess === 401 && n < 100; n += 1) {
    guess = (await call('', 'one', { key: mintApiKey().key, from: GUESSER })).status;
  }
  t.equal(guess, 429);
  leaving.abort();
  await first;
  t.equal((await waiting).status, 401);
  t.equal(upstream.executed.length, 0);
});
