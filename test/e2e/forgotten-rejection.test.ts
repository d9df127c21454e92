/** A promise that is rejected and that nobody looks at is told, in whichever process, and ends none of them. */
import t from 'tap';
import { health, pids } from '../support/gateway-health.js';
import { startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

/** In every process of the gateway: SIGUSR2 makes it forget a promise. */
const FORGETFUL = `process.on('SIGUSR2', () => { Promise.reject(new Error('forgotten by ' + process.pid)); });`;

t.test('primary, worker and upstream host go on and say it', async (t) => {
  const gateway = await startGateway({
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(FORGETFUL)}` },
    config: {
      global: { workers: 1 },
      servers: { 'meerkats-table': { module: 'meerkats-table' } },
    },
  });
  t.teardown(() => gateway.destroy());
  const children = async (): Promise<number[]> => {
    const { workers, upstreamHosts } = await health(gateway);
    return [...pids(workers), ...pids(upstreamHosts)];
  };
  const before = await children();
  t.equal(before.length, 2);
  for (const pid of [gateway.pid, ...before]) {
    process.kill(pid, 'SIGUSR2');
    await until(async () => (await gateway.logs()).includes(`forgotten by ${pid}`), {
      timeoutMs: 10_000,
      what: `the line about ${pid}`,
    });
  }
  t.same(await children(), before, 'all are the same');
});
