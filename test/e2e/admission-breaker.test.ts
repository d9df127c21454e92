/** An upstream that fails, hangs, flaps or comes back: what its callers, and all others, see. */
import t from 'tap';
import { admissionBench } from '../support/admission-bench.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

t.test('a failing server is left alone within 20 calls, and found well again', async (t) => {
  const { call, upstream, health, metrics } = await admissionBench(t, {
    global: { workers: 4, maxConcurrentRequestsPerUser: 50 },
    servers: { bad: {}, good: {} },
  });
  upstream.onCall((server) => ({ delayMs: 0, status: server === 'bad' ? 503 : 200 }));
  upstream.onOther((server) => ({ delayMs: 0, status: server === 'bad' ? 503 : 200 }));
  let failing = 0;
  for (;;) {
    const { status, message } = await call('ana', 'bad');
    if (message?.error?.data?.['reason'] === 'GW_CIRCUIT_OPEN') break;
    t.equal(status, 503);
    failing += 1;
    if (failing > 100) break;
  }
  // The 20th failure opens it; calls sent while the word travels to the workers still get through.
  t.ok(failing >= 20 && failing <= 40, `it opened after ${failing} calls`);
  t.equal((await health()).servers['bad']?.circuitBreaker.state, 'open');

  const before = upstream.calls('bad');
  const open = await Promise.all(Array.from({ length: 200 }, (_, i) => call(`u${i % 20}`, 'bad')));
  t.ok(open.every(({ status }) => status === 503));
  const [first] = open;
  t.match(first?.message?.error?.data, { reason: 'GW_CIRCUIT_OPEN', policy: 'circuit-breaker' });
  t.ok(Number(first?.headers['retry-after']) >= 1);
  t.equal(upstream.calls('bad'), before, 'no call reaches it');
  t.equal((await call('ana', 'good')).status, 200, 'the other server serves on');

  await until(() => upstream.others('bad') >= 1, { timeoutMs: 60_000, what: 'a probe' });
  t.equal(upstream.calls('bad'), before, "a probe is no user's call");
  upstream.onCall(() => ({ delayMs: 0 }));
  upstream.onOther(() => ({ delayMs: 0 }));
  await until(async () => (await health()).servers['bad']?.circuitBreaker.state === 'closed', {
    timeoutMs: 90_000,
    everyMs: 200,
    what: 'a closed circuit',
  });
  await until(async () => (await call('ana', 'bad')).status === 200, {
    timeoutMs: 60_000,
    what: 'an answer again',
  });
  const series = await metrics();
  t.equal(series.get('multi_mcp_circuit_breaker_state{server="bad",state="closed"}'), 1);
  t.equal(series.get('multi_mcp_circuit_breaker_state{server="bad",state="open"}'), 0);
  t.ok(
    (series.get('multi_mcp_circuit_breaker_transitions_total{server="bad",to="open"}') ?? 0) >= 1,
  );
});

t.test('a hanging server costs its own callers their time, and nobody else anything', async (t) => {
  const { call, upstream, health } = await admissionBench(t, {
    global: { workers: 2, maxConcurrentRequestsPerUser: 100 },
    servers: { hung: { connectionPool: { requestTimeout: 500 } }, good: {} },
  });
  upstream.onCall((server) =>
    server === 'hung' ? { delayMs: 0, status: 'never' } : { delayMs: 0 },
  );
  upstream.onOther((server) =>
    server === 'hung' ? { delayMs: 0, status: 'never' } : { delayMs: 0 },
  );
  const hung = await Promise.all(Array.from({ length: 40 }, (_, i) => call(`u${i % 4}`, 'hung')));
  const reasons = new Set(hung.map(({ message }) => message?.error?.data?.['reason']));
  t.ok(reasons.has('GW_UPSTREAM_TIMEOUT'));
  const timedOut = hung.find(({ status }) => status === 504);
  t.match(timedOut?.message?.error?.message, /unknown/, 'the outcome is said to be unknown');
  // How calls ended reaches the primary a moment after their callers.
  await until(async () => (await health()).servers['hung']?.circuitBreaker.state === 'open', {
    timeoutMs: 4000,
    what: 'an open circuit',
  });
  await until(() => upstream.inFlight() === 0, {
    timeoutMs: 10_000,
    what: 'nothing at the upstream',
  });
  const { status } = await call('ana', 'good');
  t.equal(status, 200);
  // A health check that meets the hanging server holds a slot until it gives up.
  await until(async () => (await health()).connectionPool.leased === 0, {
    timeoutMs: 30_000,
    what: 'all slots back',
  });
});

t.test(
  "one user's slow tool is that user's trouble, a server that hangs is everybody's",
  async (t) => {
    const { call, upstream, health, metrics } = await admissionBench(t, {
      global: { workers: 2, maxConcurrentRequestsPerUser: 50 },
      servers: { slow: { connectionPool: { requestTimeout: 1000 } } },
    });
    const state = async () => (await health()).servers['slow']?.circuitBreaker.state;
    const isEves = (message: unknown) => JSON.stringify(message).includes('"eve"');
    const timeouts = (user: string) =>
      Promise.all(Array.from({ length: 24 }, () => call(user, 'slow', { tool: 'report' })));

    upstream.onCall((_, message) => ({ delayMs: 0, status: isEves(message) ? 'never' : 200 }));
    t.equal((await call('ana', 'slow')).status, 200);
    const [first, again] = [await timeouts('eve'), await timeouts('eve')];
    t.ok([...first, ...again].every(({ status }) => status === 504));
    t.equal((await call('ana', 'slow')).status, 200, 'others are served');
    t.equal(await state(), 'closed');

    upstream.onCall(() => ({ delayMs: 0, status: 'never' }));
    await Promise.all([timeouts('eve'), timeouts('ana')]);
    await until(async () => (await state()) === 'open', {
      timeoutMs: 4000,
      what: 'an open circuit',
    });
    const opened = 'multi_mcp_circuit_breaker_transitions_total{server="slow",to="open"}';
    t.equal((await metrics()).get(opened), 1);
  },
);

t.test('a tools/call that may have been executed is never repeated', async (t) => {
  const { call, upstream, metrics } = await admissionBench(t, {
    global: { workers: 1, maxConcurrentRequestsPerUser: 50 },
    servers: { flaky: {} },
  });
  let n = 0;
  upstream.onCall(() => {
    n += 1;
    return { delayMs: 0, status: n % 4 === 0 ? 503 : 200 };
  });
  for (let i = 0; i < 200; i += 1) await call('ana', 'flaky');
  t.equal(
    upstream.calls('flaky'),
    200,
    'a tools/call that may have been executed is never repeated',
  );
  const series = await metrics();
  t.equal(series.get('multi_mcp_upstream_retries_total{server="flaky"}') ?? 0, 0);
});
