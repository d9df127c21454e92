import t from 'tap';
import type { Permit } from '../../src/gateway/admission.js';
import { callUpstream } from '../../src/gateway/call-upstream.js';
import { OpenRelays } from '../../src/gateway/open-relays.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { RetryBudget } from '../../src/policy/retry-budget.js';
import { FakeExchange } from '../support/fake-exchange.js';
import { FakeTransport } from '../support/fake-transport.js';
import { LocalAdmission } from '../support/local-admission.js';

const unreachable = (sent: boolean) =>
  new GatewayError('GW_UPSTREAM_UNREACHABLE', { log: { sent } });
const ANSWER = { jsonrpc: '2.0', id: 1, result: {} };

function start(options: { isIdempotent?: boolean; budget?: RetryBudget; timeoutMs?: number } = {}) {
  const transport = new FakeTransport();
  const exchange = new FakeExchange();
  const admission = new LocalAdmission({ maxStreams: 1, maxStreamsPerUser: 1 });
  const request = { user: 'ana', server: 's', isListening: false, exchange };
  const permit: Permit = admission.admit(request);
  let retries = 0;
  const openRelays = new OpenRelays(options.timeoutMs ?? 5000);
  const done = callUpstream({
    relay: (attempt) => ({
      ...attempt,
      exchange,
      transport,
      request: {
        method: 'POST',
        headers: [],
        body: null,
        user: 'ana',
        credential: null,
        headTimeoutMs: 1000,
        idleTimeoutMs: 0,
      },
      streamIdleTimeoutMs: 0,
      streamMaxMs: 0,
      sseHeartbeatMs: 1000,
      id: 1,
      requestId: 'r',
      isListening: false,
      keyId: null,
      refusalNow: null,
      openRelays,
      sealSession: (id) => id,
    }),
    openRelays,
    isListening: false,
    isPost: true,
    permit,
    isIdempotent: () => options.isIdempotent ?? false,
    retryBudget: options.budget ?? new RetryBudget(),
    latencyClass: 'echo',
    onRetry: () => {
      retries += 1;
    },
  });
  done.catch(() => undefined);
  return { transport, exchange, admission, done, retries: () => retries };
}

t.test('a request that never left is made once more, whatever it was', async (t) => {
  const { transport, exchange, admission, done, retries } = start();
  (await transport.call()).handler.onError(unreachable(false));
  (await transport.call(1)).answer(ANSWER);
  await done;
  t.equal(exchange.status, 200);
  t.equal(retries(), 1);
  t.match(admission.ends, [{ health: 'failure' }, { health: 'success', latencyClass: 'echo' }]);
});

t.test('a call that may have been executed is not repeated, and the client is told', async (t) => {
  const { transport, done, retries } = start();
  (await transport.call()).handler.onError(unreachable(true));
  await t.rejects(done, { code: 'GW_UPSTREAM_UNREACHABLE', message: /unknown/ });
  t.equal(transport.calls.length, 1);
  t.equal(retries(), 0);
});

t.test('a harmless one is repeated, but never twice', async (t) => {
  const { transport, done } = start({ isIdempotent: true });
  (await transport.call()).handler.onError(unreachable(true));
  (await transport.call(1)).handler.onError(unreachable(true));
  await t.rejects(done, { code: 'GW_UPSTREAM_UNREACHABLE' });
  t.equal(transport.calls.length, 2);
});

t.test(
  '"not now" of a server is asked again where that is harmless, and else passed on',
  async (t) => {
    const harmless = start({ isIdempotent: true });
    (await harmless.transport.call()).answer({}, 503);
    (await harmless.transport.call(1)).answer(ANSWER);
    await harmless.done;
    t.equal(harmless.exchange.status, 200);

    const harmful = start();
    (await harmful.transport.call()).answer(ANSWER, 503);
    await harmful.done;
    t.equal(harmful.exchange.status, 503);
    t.match(harmful.admission.ends, [{ health: 'failure', load: 'dropped' }]);
  },
);

t.test('a server that began anew is asked again, a worker that drains is not', async (t) => {
  const host = { log: { from: 'upstream-host', sent: true } };
  const restarted = start({ isIdempotent: true });
  (await restarted.transport.call()).handler.onError(new GatewayError('GW_DRAINING', host));
  (await restarted.transport.call(1)).answer(ANSWER);
  await restarted.done;
  t.equal(restarted.exchange.status, 200);
  t.match(restarted.admission.ends, [{ health: 'ignore', load: 'ignore' }, { health: 'success' }]);

  const harmful = start();
  (await harmful.transport.call()).handler.onError(new GatewayError('GW_DRAINING', host));
  await t.rejects(harmful.done, { code: 'GW_DRAINING', message: /unknown/ });

  const leaving = start({ isIdempotent: true });
  (await leaving.transport.call()).handler.onError(new GatewayError('GW_DRAINING'));
  await t.rejects(leaving.done, { code: 'GW_DRAINING' });
  t.equal(leaving.transport.calls.length, 1);
});

t.test('a Retry-After past the deadline is passed on to the client', async (t) => {
  const { transport, exchange, done } = start({ isIdempotent: true, timeoutMs: 900 });
  (await transport.call()).answer(ANSWER, 503, ['retry-after', '1']);
  await done;
  t.equal(exchange.status, 503);
  t.equal(exchange.replyHeaders['retry-after'], '1');
  t.equal(transport.calls.length, 1);
});

t.test('without budget, or with the circuit no longer closed, nothing is repeated', async (t) => {
  const poor = start({ budget: new RetryBudget({ ratio: 0.1, reserve: 0, maxBalance: 10 }) });
  (await poor.transport.call()).handler.onError(unreachable(false));
  await t.rejects(poor.done, { code: 'GW_UPSTREAM_UNREACHABLE' });
  t.equal(poor.transport.calls.length, 1);

  const open = start();
  open.admission.isCurrent = false;
  (await open.transport.call()).handler.onError(unreachable(false));
  await t.rejects(open.done, { code: 'GW_UPSTREAM_UNREACHABLE' });
  t.equal(open.transport.calls.length, 1);
});

t.test('a server that refuses our credential is not asked again', async (t) => {
  const { transport, done } = start({ isIdempotent: true });
  (await transport.call()).answer({}, 401);
  await t.rejects(done, { code: 'GW_UPSTREAM_UNREACHABLE' });
  t.equal(transport.calls.length, 1);
});

t.test('a client that leaves between two attempts starts no second one', async (t) => {
  const { transport, exchange, done } = start();
  const first = await transport.call();
  exchange.abort();
  first.handler.onError(unreachable(false));
  const result = await done;
  t.equal(result.outcome, 'client-closed');
  t.equal(transport.calls.length, 1);
});
