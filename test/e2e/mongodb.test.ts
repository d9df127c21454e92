/** The gateway with its store in MongoDB: what it keeps there, a start without it and its loss in mid-run. */
import t from 'tap';
import { openSnapshot } from '../../src/store/identity-snapshot.js';
import { connectClient } from '../support/mcp-clients.js';
import { startMongoServer } from '../support/mongo-server.js';
import { failedStart, startGateway, type Gateway } from '../support/start-gateway.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

const CONFIG = {
  global: { workers: 1 },
  servers: { 'meerkats-table': {} },
  store: { onUnavailable: 'refuse' },
};
const DEGRADE = { ...CONFIG, store: { onUnavailable: 'degrade' } };
const DEADLINE_MS = 2500;

/** 400 = signed in, and then told that the session is missing. */
const SIGNED_IN = 400;

async function knock(gateway: Gateway, key: string) {
  const startedAtMs = performance.now();
  const reply = await fetch(gateway.endpoint('meerkats-table'), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  await reply.text();
  return { status: reply.status, tookMs: performance.now() - startedAtMs };
}

const server = await startMongoServer(t);

t.test(
  'a start without MongoDB ends with the place and the reason, not the password',
  async (t) => {
    const env = { MONGODB_URI: 'mongodb://ana:s3cret@127.0.0.1:1/gate' };
    for (const config of [CONFIG, DEGRADE]) {
      const { code, output } = await failedStart({ config, env });
      t.equal(code, 69);
      t.match(output, /Cannot open mongodb \(127\.0\.0\.1:1\/gate\).*ECONNREFUSED/s);
      t.notMatch(output, /s3cret/);
    }
  },
);

if (typeof server === 'string') {
  t.test('the gateway with its store in MongoDB', { skip: server }, () => undefined);
} else {
  t.test('keys and tables live in MongoDB, and known users outlive its outages', async (t) => {
    const proxy = await startTcpFaultProxy(t, server);
    const MONGODB_URI = server.newDatabase(t, proxy.port);
    const gateway = await startGateway({ config: CONFIG, env: { MONGODB_URI } });
    t.teardown(() => gateway.destroy());
    // Lines are written in batches: it may serve before its first ones are in the file.
    await until(async () => (await gateway.logs()).includes(`mongodb (127.0.0.1:${proxy.port}/`), {
      timeoutMs: 20_000,
      what: 'the store in the log',
    });
    const known = await gateway.makeKey('ana');
    const unseen = await gateway.makeKey('ben');
    const revoked = await gateway.makeKey('eve');
    t.equal((await gateway.cli(['keys', 'revoke', revoked])).code, 0);
    t.equal((await knock(gateway, revoked)).status, 401);

    const client = await connectClient('sdk-2', gateway.endpoint('meerkats-table'), known);
    t.teardown(() => client.close());
    const columns = [{ name: 'name', type: 'text' }];
    await client.callTool('create_table', { table: 'guards', columns });

    // The store's version moved with these keys: at its next look, within 5 s, the worker forgets whom it knew.
    const settledAtMs = performance.now() + 8_000;
    await until(
      async () =>
        (await knock(gateway, known)).status === SIGNED_IN && performance.now() > settledAtMs,
      { timeoutMs: 60_000, everyMs: 250, what: 'the caches at rest' },
    );
    for (const kind of ['half-open', 'cut'] as const) {
      proxy.set({ kind });
      for (let n = 0; n < 4; n += 1) {
        const [signedIn, refused] = [await knock(gateway, known), await knock(gateway, unseen)];
        t.equal(signedIn.status, SIGNED_IN, `${kind}: a known key is served`);
        t.equal(refused.status, 503, `${kind}: an unseen one is not judged`);
        t.ok(refused.tookMs < DEADLINE_MS, `${kind}: within ${refused.tookMs} ms`);
      }
      t.not((await gateway.cli(['keys', 'create', '--user', 'zoe'])).code, 0, 'no key is made');
      proxy.set({ kind: 'none' });
      t.match(
        await until(() => client.callTool('list_tables'), { timeoutMs: 5000, what: 'tables' }),
        /guards/,
      );
    }
    const isKnown = async () => (await knock(gateway, unseen)).status === SIGNED_IN;
    await until(isKnown, { timeoutMs: 5000, what: 'the unseen key signs in' });
    t.equal((await knock(gateway, revoked)).status, 401, 'still revoked');
    t.equal((await gateway.stop()).code, 0);
  });

  t.test('with degrade the snapshot serves in mid-run and at a start, and says so', async (t) => {
    const proxy = await startTcpFaultProxy(t, server);
    const env = { MONGODB_URI: server.newDatabase(t, proxy.port) };
    const gateway = await startGateway({ config: DEGRADE, env });
    t.teardown(() => gateway.destroy());
    const [ana, eve] = [await gateway.makeKey('ana'), await gateway.makeKey('eve')];
    t.equal((await gateway.cli(['keys', 'revoke', eve])).code, 0);
    const isCopied = async () => {
      const snapshot = await openSnapshot(gateway.files.dataDir);
      try {
        const record = await snapshot?.keys.find(eve.slice(5, 17));
        return record?.revokedAt != null;
      } finally {
        await snapshot?.close();
      }
    };
    await until(isCopied, { timeoutMs: 30_000, what: 'the snapshot' });
    const ready = async (at: Gateway) => {
      const reply = await fetch(`${at.url}/readyz?verbose`);
      return { status: reply.status, text: await reply.text() };
    };

    proxy.set({ kind: 'cut' });
    t.equal((await knock(gateway, ana)).status, SIGNED_IN, 'never seen by the worker before');
    t.equal((await knock(gateway, eve)).status, 401, 'revoked before the outage');
    await until(
      async () => /\[!\]store degraded: .*Identities are/.test((await ready(gateway)).text),
      {
        timeoutMs: 30_000,
        what: 'readyz tells of it',
      },
    );
    t.equal((await ready(gateway)).status, 200);
    t.not((await gateway.cli(['keys', 'create', '--user', 'zoe'])).code, 0, 'no key is made');
    t.equal((await gateway.stop()).code, 0);

    const DATA_DIR = gateway.files.dataDir;
    const again = await startGateway({ config: DEGRADE, env: { ...env, DATA_DIR } });
    t.teardown(() => again.destroy());
    t.equal((await knock(again, ana)).status, SIGNED_IN, 'after a start without MongoDB');
    t.equal((await knock(again, eve)).status, 401);
    await until(async () => /store degraded/.test((await ready(again)).text), {
      timeoutMs: 30_000,
      what: 'readyz tells of it',
    });
    proxy.set({ kind: 'none' });
    await until(async () => /\[\+\]store ok\n(?!\[!)/.test((await ready(again)).text), {
      timeoutMs: 30_000,
      what: 'the recovery',
    });
    t.equal((await knock(again, await again.makeKey('zoe'))).status, SIGNED_IN);
    t.equal((await again.stop()).code, 0);
  });
}
