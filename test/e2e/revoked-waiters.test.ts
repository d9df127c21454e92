/** What is revoked while its calls wait for a slot reaches no server any more. */
import t from 'tap';
import { admissionBench } from '../support/admission-bench.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

t.test(
  'a call that waits for a slot while its credential is revoked reaches no server',
  async (t) => {
    const { call, gateway, upstream, health } = await admissionBench(t, {
      global: { workers: 2, maxConnectionsPerServer: 1, queueTimeout: 30_000 },
      servers: { one: {} },
    });
    const [gone, kept] = await Promise.all([gateway.makeKey('eve'), gateway.makeKey('ana')]);
    const isFirst = (message: unknown) => JSON.stringify(message).includes('"first"');
    upstream.onCall((_, message) => ({ delayMs: 0, status: isFirst(message) ? 'never' : 200 }));
    const leaving = new AbortController();
    const first = call('bo', 'one', { value: 'first', signal: leaving.signal }).catch(() => null);
    await until(() => upstream.inFlight() === 1, { timeoutMs: 5000, what: 'the slot in use' });
    const calls = [gone, gone, kept].map((key) => call('', 'one', { key }));
    await until(async () => (await health()).connectionPool.queued === 3, {
      timeoutMs: 5000,
      what: 'all waiting',
    });

    const revoked = await gateway.cli(['keys', 'revoke', /^mmcp_([^_]+)_/.exec(gone)?.[1] ?? '']);
    t.equal(revoked.code, 0, revoked.output);
    leaving.abort();
    await first;
    t.same(
      (await Promise.all(calls)).map(({ status }) => status),
      [401, 401, 200],
    );
    t.equal(upstream.executed.length, 1);
    await until(async () => (await health()).connectionPool.leased === 0, {
      timeoutMs: 20_000,
      what: 'all slots back',
    });
  },
);
