/** Workers are replaced under load: no call is lost, sessions go on, streams end so that clients come back. */
import { writeFile } from 'node:fs/promises';
import t from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { health, pids } from '../support/gateway-health.js';
import { startGateway } from '../support/start-gateway.js';
import { startSteadyClients } from '../support/steady-clients.js';
import { until } from '../support/until.js';

t.setTimeout(280_000);

const CLIENTS = 64;
/** Of two workers each: ten replacements. */
const RESTARTS = 5;

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
