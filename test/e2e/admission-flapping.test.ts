/** A server that comes and goes: who asks whether it is well, and what is asked again. */
import t from 'tap';
import { admissionBench } from '../support/admission-bench.js';
import { until } from '../support/until.js';

t.setTimeout(270_000);

t.test('a flapping server is probed by one message at a time, and by nobody else', async (t) => {
  const { call, upstream, health } = await admissionBench(t, {
    global: { workers: 3, maxConcurrentRequestsPerUser: 50, healthCheckInterval: 3_600_000 },
    servers: { flaps: {}, good: {} },
  });
  // The health check asks too, and knows nothing of the probes: it must be over before the server fails.
  await until(() => upstream.lists('flaps') > 0, { timeoutMs: 30_000, what: 'the check' });
  upstream.forget();
  let isDown = true;
  // A slow probe leaves time for a second one, if there were one.
  const answer = (server: string, delayMs: number) => ({
    delayMs,
    status: server === 'flaps' && isDown ? 503 : 200,
  });
  upstream.onCall((server) => answer(server, 0));
  upstream.onOther((server) => answer(server, 300));
  const state = async () => (await health()).servers['flaps']?.circuitBreaker.state;
  /** Calls both servers until the first one's breaker is as wanted; whether the other always answered. */
  const hammer = async (wanted: string): Promise<boolean> => {
    let isGood = true;
    await until(
      async () => {
        const calls = Array.from({ length: 5 }, (_, i) => call(`u${i}`, 'flaps'));
        isGood &&= (await call('ana', 'good')).status === 200;
        await Promise.all(calls);
        return (await state()) === wanted;
      },
      { timeoutMs: 90_000, everyMs: 100, what: `${wanted} breaker` },
    );
    return isGood;
  };
  t.ok(await hammer('open'), 'the other server answers every call meanwhile');
  const reached = upstream.calls('flaps');
  // It opens, looks well for one probe, and fails again.
  await until(() => upstream.others('flaps') >= 1, { timeoutMs: 60_000, what: 'a probe' });
  isDown = false;
  t.ok(await hammer('closed'));
  t.equal(upstream.othersPeak('flaps'), 1, 'one probe at a time, over all workers');
  isDown = true;
  upstream.forget();
  t.ok(await hammer('open'));
  t.ok(upstream.calls('flaps') <= 60, `opened again after ${upstream.calls('flaps')} calls`);
  t.ok(reached <= 60, `and the first time after ${reached}`);
});

t.test('what may be repeated is, for at most a tenth of the load', async (t) => {
  const { list, upstream, metrics } = await admissionBench(t, {
    global: { workers: 1, maxConcurrentRequestsPerUser: 50, healthCheckInterval: 3_600_000 },
    servers: { flaky: {} },
  });
  // The health check at the start lists the tools as well.
  await until(() => upstream.lists('flaky') > 0, { timeoutMs: 30_000, what: 'the check' });
  upstream.forget();
  let n = 0;
  upstream.onOther(() => {
    n += 1;
    return { delayMs: 0, status: n % 3 === 0 ? 503 : 200 };
  });
  const firstTries = 300;
  let served = 0;
  for (let i = 0; i < firstTries; i += 10) {
    const replies = await Promise.all(Array.from({ length: 10 }, () => list('ana', 'flaky')));
    served += replies.filter(({ status }) => status === 200).length;
  }
  const retries = upstream.lists('flaky') - firstTries;
  t.ok(retries > 0, 'a list is asked for again');
  // Three more may be made at the very start (policy/retry-budget.ts).
  t.ok(retries <= firstTries * 0.1 + 3, `${retries} retries of ${firstTries} first tries`);
  t.ok(served > firstTries * 0.6, `${served} served`);
  await until(
    async () =>
      (await metrics()).get('multi_mcp_upstream_retries_total{server="flaky"}') === retries,
    { timeoutMs: 10_000, what: 'as many in /metrics' },
  );
});
