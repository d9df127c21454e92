import t from 'tap';
import type { ExchangeHandler, HttpExchange } from '../../src/gateway/exchange.js';
import { FrontCore } from '../../src/http/front-core.js';
import type { FrontOptions } from '../../src/http/front.js';
import { FakeWire, nextTurn } from '../support/fake-wire.js';
import { until } from '../support/until.js';

const options: FrontOptions = {
  host: '127.0.0.1',
  port: 0,
  maxHeaderBytes: 16_384,
  bodyTimeoutMs: 20,
  chunkedRequests: true,
  maxConnections: 10,
  streamStallTimeoutMs: 20,
  streamBufferBytes: 1_000,
  trustProxy: ['10.0.0.0/8'],
  allowedHosts: [],
  allowedOrigins: [],
};

interface Served {
  readonly core: FrontCore;
  readonly wire: FakeWire;
  readonly exchange: HttpExchange | undefined;
}

function serve(
  lines: readonly string[],
  setup: { handler?: ExchangeHandler; peer?: string; method?: string; host?: string } = {},
): Served {
  let exchange: HttpExchange | undefined;
  const { host = 'localhost' } = setup;
  // Bound to all addresses where a foreign name is to be let in at all.
  const bind = host === 'localhost' ? options : { ...options, host: '0.0.0.0' };
  const core = new FrontCore(bind, (arrived) => {
    exchange = arrived;
    return setup.handler?.(arrived);
  });
  const wire = new FakeWire();
  const headers = ['host', host, ...lines];
  const { method = 'GET', peer = '127.0.0.1' } = setup;
  core.serve({ method, path: '/', query: '', headers }, peer, wire);
  return { core, wire, exchange };
}

t.test('a refused request never reaches the handler and is answered once', async (t) => {
  const { core, wire, exchange } = serve(['origin', 'null']);
  t.equal(exchange, undefined);
  t.equal(wire.isLast, true);
  t.equal(core.stats().inFlight, 1);
  t.equal(wire.take(), '', 'not while the parser holds the packet');
  await nextTurn();
  t.match(wire.take(), /^reply 403 close/);
  t.match(core.stats(), { inFlight: 0, refusedRequests: 1, failedHandlers: 0 });
});

t.test('only a direct loopback peer counts as local', (t) => {
  const facts = (peer: string, ...lines: string[]): unknown => {
    const { exchange } = serve(lines, { peer });
    return [exchange?.clientAddress, exchange?.isLoopback];
  };
  t.same(facts('127.0.0.1'), ['127.0.0.1', true]);
  t.same(facts('::1'), ['::1', true]);
  t.same(facts('192.0.2.1'), ['192.0.2.1', false]);
  t.same(facts('127.0.0.1', 'x-real-ip', '192.0.2.9'), ['127.0.0.1', false]);
  t.same(facts('10.0.0.1', 'x-forwarded-for', '127.0.0.1'), ['127.0.0.1', false]);
  t.same(facts('10.0.0.1', 'x-forwarded-for', '192.0.2.9', 'x-forwarded-for', '10.1.1.1'), [
    '192.0.2.9',
    false,
  ]);
  t.end();
});

t.test('who asks at a name that may have been rebound is not local', (t) => {
  const isLocal = (host: string) => serve([], { host }).exchange?.isLoopback;
  t.same(['localhost:80', '127.0.0.1', '[::1]', 'evil.example'].map(isLocal), [
    true,
    true,
    true,
    false,
  ]);
  t.end();
});

t.test('headers of a proxy are kept only from a trusted one', (t) => {
  const lines = ['x-forwarded-for', '192.0.2.9', 'accept', 'a', 'x-gateway-user', 'root'];
  const strange = serve(lines, { peer: '192.0.2.1' }).exchange;
  t.equal(strange?.header('x-forwarded-for'), undefined);
  t.equal(strange?.header('x-gateway-user'), undefined);
  t.equal(strange?.header('accept'), 'a');
  const trusted = serve(lines, { peer: '10.0.0.1' }).exchange;
  t.equal(trusted?.header('x-gateway-user'), 'root');
  t.end();
});

t.test('deadlines are kept without a call from outside', async (t) => {
  const { core, wire } = serve(['content-length', '5'], { method: 'POST' });
  core.startSweeping();
  t.teardown(() => {
    core.stopSweeping();
  });
  await until(() => wire.isDestroyed, { timeoutMs: 5_000, what: 'the overdue body' });
  t.equal(core.stats().inFlight, 0);

  const stalled = serve([], {
    handler: (exchange) => {
      const stream = exchange.openStream(200, {});
      stream.write('a');
      stream.write('b');
    },
  });
  stalled.wire.room = 0;
  stalled.core.startSweeping();
  t.teardown(() => {
    stalled.core.stopSweeping();
  });
  await until(() => stalled.wire.isDestroyed, { timeoutMs: 5_000, what: 'the stalled client' });
  t.ok(stalled.wire.waits > 0, 'it was kept waiting in between');
});
