/** Workers are replaced under load: no call is lost, sessions go on, streams end so that clients come back. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { health, pids } from '../support/gateway-health.js';
import { connectClient } from '../support/mcp-clients.js';
import { repository } from '../support/repository.js';
import { startGateway } from '../support/start-gateway.js';
import { startSteadyClients } from '../support/steady-clients.js';
import { until, within } from '../support/until.js';

t.setTimeout(280_000);

const CLIENTS = 64;
/** Of two workers each, so ten replacements; more by the environment: RESTARTS=10. */
const RESTARTS = Number(process.env['RESTARTS'] ?? 5);

t.test('rolling restarts and reloads lose nothing of 64 clients', async (t) => {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  upstream.onCall(() => ({ kind: 'answer', delayMs: 50 }));
  const config = (round: number) => ({
    global: {
      workers: 2,
      maxConcurrentRequestsPerUser: 200 + round,
      maxConnectionsPerServer: 200 - round,
      ...(round % 2 === 1 ? { perUserLimit: 100_000 } : {}),
    },
    servers: {
      http: { url: upstream.url },
      ...(round % 3 === 1 ? { other: { url: upstream.url } } : {}),
    },
  });
  const gateway = await startGateway({ config: config(0) });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const clients = startSteadyClients({ url: gateway.endpoint('http'), key, clients: CLIENTS });
  t.teardown(() => clients.stop());
  await until(() => clients.answered >= CLIENTS, { timeoutMs: 30_000, what: 'steady load' });

  for (let round = 0; round < RESTARTS; round += 1) {
    for (const number of [2 * round + 1, 2 * round + 2]) {
      await writeFile(gateway.files.configFile, JSON.stringify(config(number)));
      const reloaded = await gateway.cli(['reload']);
      t.equal(reloaded.code, 0, reloaded.output);
    }
    const before = pids((await health(gateway)).workers);
    const { code, output } = await gateway.cli(['restart']);
    t.equal(code, 0, output);
    const after = pids((await health(gateway)).workers);
    t.equal(after.length, 2);
    t.notOk(after.some((pid) => before.includes(pid)));
  }
  await clients.stop();
  t.comment(`${clients.answered} answered, ${clients.refused} refused`);
  t.strictSame(clients.lost, []);
  t.equal(clients.refused, 0);
  t.equal(upstream.executed.length, new Set(upstream.executed).size, 'nothing ran twice');
});

t.test('a session with a stdio server, and its calls, outlive all workers', async (t) => {
  const echo = join(repository, 'test', 'support', 'echo-stdio.mjs');
  const gateway = await startGateway({
    config: {
      global: { workers: 2 },
      servers: { files: { command: process.execPath, args: [echo] } },
    },
  });
  t.teardown(() => gateway.destroy());
  const client = await connectClient(
    'sdk-1',
    gateway.endpoint('files'),
    await gateway.makeKey('ana'),
  );
  t.teardown(() => client.close());
  const server = await client.callTool('pid');
  const before = pids((await health(gateway)).workers);

  let isOver = false;
  let calls = 1;
  const long = client.callTool('echo', { value: 'long', delayMs: 3000 });
  const steady = async (): Promise<void> => {
    while (!isOver) {
      calls += 1;
      const value = calls;
      t.equal(await client.callTool('echo', { value, delayMs: 20 }), String(value));
    }
  };
  const going = Promise.all([steady(), steady()]);
  for (const each of [long, going]) each.catch(() => undefined); // Awaited below.
  const restarted = await gateway.cli(['restart']);
  t.equal(restarted.code, 0, restarted.output);
  isOver = true;
  await within(30_000, 'the calls in flight', going);
  t.equal(await within(30_000, 'the long call', long), '"long"');

  const after = pids((await health(gateway)).workers);
  t.notOk(
    after.some((pid) => before.includes(pid)),
    'nobody of before serves',
  );
  t.equal(await client.callTool('pid'), server, 'the same process, so the same session');
  t.equal(await client.callTool('executions'), String(calls), 'nothing ran twice');
});

t.test('a call that outlasts the drain of its worker is resumed, and ran once', async (t) => {
  const echo = join(repository, 'test', 'support', 'echo-stdio.mjs');
  const gateway = await startGateway({
    config: {
      global: { workers: 1 },
      http: { drainTimeout: 200 },
      servers: { files: { command: process.execPath, args: [echo] } },
    },
  });
  t.teardown(() => gateway.destroy());
  const client = await connectClient(
    'sdk-1',
    gateway.endpoint('files'),
    await gateway.makeKey('ana'),
  );
  t.teardown(() => client.close());
  const long = client.callTool('echo', { value: 'long', delayMs: 8000 });
  long.catch(() => undefined); // Awaited below.
  const isInFlight = async () =>
    (await health(gateway)).upstreamHosts.some(({ inFlight }) => inFlight > 0);
  await until(isInFlight, { timeoutMs: 7_000, what: 'the long call in flight' });
  const restarted = await gateway.cli(['restart']);
  t.equal(restarted.code, 0, restarted.output);
  t.equal(await within(30_000, 'the long call', long), '"long"');
  t.equal(await client.callTool('executions'), '1');
});
