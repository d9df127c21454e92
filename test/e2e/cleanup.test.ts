/** What is idle or expired goes, in every process, and `/metrics` counts it. */
import { join } from 'node:path';
import t from 'tap';
import { admissionBench } from '../support/admission-bench.js';
import { rpc } from '../support/json-rpc.js';
import { repository } from '../support/repository.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

t.test(
  'sessions, processes, connections, accounts and cached verdicts go when unused',
  async (t) => {
    const bench = await admissionBench(t, {
      global: {
        workers: 2,
        cleanupInterval: 200,
        idleTimeout: 1000,
        perUserLimit: 100,
        healthCheckInterval: 3_600_000,
      },
      auth: { negativeCacheTtl: 300 },
      servers: {
        web: {},
        child: {
          url: undefined,
          command: process.execPath,
          args: [join(repository, 'test/support/echo-stdio.mjs')],
        },
      },
    });
    const { call, gateway, upstream, metrics } = bench;
    const removed = async (kind: string) =>
      (await metrics()).get(`multi_mcp_cleanup_removed_total{kind="${kind}"}`);
    for (const kind of ['credentials', 'streams', 'sessions'])
      t.equal(await removed(kind), 0, kind);

    t.equal((await call('ana', 'web')).status, 200);
    t.equal((await call('ana', 'child')).status, 200);
    t.equal((await call('ana', 'web', { key: 'no key at all' })).status, 401);
    const opened = await rpc({
      url: gateway.endpoint('child'),
      key: await gateway.makeKey('bo'),
      message: {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-06-18',
          capabilities: {},
          clientInfo: { name: 'e2e', version: '1' },
        },
      },
    });
    t.equal(opened.status, 200);

    const atLeast = (kind: string, count: number) =>
      until(async () => ((await removed(kind)) ?? 0) >= count, {
        timeoutMs: 30_000,
        what: `${count} of ${kind} removed`,
      });
    await atLeast('sessions', 1);
    await atLeast('processes', 2);
    await atLeast('connections', 1);
    await atLeast('rate-limits', 1);
    await atLeast('rate-shares', 1);
    await atLeast('identities', 1);
    await until(() => upstream.connections() === 0, { timeoutMs: 20_000, what: 'none is open' });
    t.equal(
      (await call('ana', 'child')).status,
      200,
      'another process is started when one is needed',
    );
    t.equal((await call('ana', 'web')).status, 200);
  },
);
