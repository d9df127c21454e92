/** Connections to a server follow its slots, over all workers, while the load moves from one to another. */
import { Agent } from 'node:http';
import t from 'tap';
import { admissionBench, type TimedReply } from '../support/admission-bench.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

const LIMIT = 40;
const WORKERS = 4;

const isOk = ({ status }: TimedReply): boolean => status === 200;

t.test('all workers together hold no more connections than slots', async (t) => {
  const bench = await admissionBench(t, {
    global: {
      workers: WORKERS,
      queueTimeout: 60_000,
      idleTimeout: 3_000,
      healthCheckInterval: 3_600_000,
    },
    servers: { one: { connectionPool: { maxConnections: LIMIT } } },
  });
  const { call, upstream } = bench;
  upstream.onCall(() => ({ delayMs: 40 }));

  await t.test(
    'in waves over fresh connections, each of which another worker may get',
    async (t) => {
      for (let wave = 0; wave < 10; wave += 1) {
        const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
        const calls = Array.from({ length: 30 }, (_, i) => call(`u${i % 15}`, 'one', { agent }));
        t.ok((await Promise.all(calls)).every(isOk));
        agent.destroy();
      }
      const peak = upstream.connectionsPeak();
      t.comment(`waves: ${peak} connections at most, ${upstream.connectionsOpened()} opened`);
      t.ok(peak <= LIMIT, `${peak} at most, with ${LIMIT} slots`);
    },
  );

  await t.test('under contention, where slots change hands with every call', async (t) => {
    upstream.forget();
    // Some may be refused early: the queue stands for as long as the load.
    const isServed = (reply: TimedReply): boolean =>
      isOk(reply) || reply.message?.error?.data?.['reason'] === 'GW_SHED';
    const loop = async (user: string): Promise<boolean> => {
      let areServed = true;
      for (let i = 0; i < 12; i += 1) {
        const reply = await call(user, 'one');
        areServed = areServed && isServed(reply);
      }
      return areServed;
    };
    const users = Array.from({ length: 120 }, (_, i) => loop(`v${i % 40}`));
    t.ok((await Promise.all(users)).every(Boolean));
    t.equal(upstream.peaks().total, LIMIT, 'the limit is reached');
    const peak = upstream.connectionsPeak();
    t.comment(
      `contention: ${peak} at most, ${upstream.connectionsOpened()} opened for ${upstream.calls('one')} calls`,
    );
    t.ok(peak <= LIMIT, `${peak} at most, with ${LIMIT} slots`);
    t.ok(upstream.connectionsOpened() < upstream.calls('one'), 'they are used again');
  });

  await until(() => upstream.connections() === 0, {
    timeoutMs: 20_000,
    what: 'all idle ones closed',
  });
});
