import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { EndpointRig, initialize } from '../support/endpoint-rig.js';
import { FakeHostExchange } from '../support/fake-host-exchange.js';

t.test('a server that refuses to open leaves no session and no instance behind', (t) => {
  const rig = new EndpointRig();
  const exchange = rig.send({ body: initialize('2025-06-18', 7) });
  const channel = rig.source.newest('session');
  channel.answerError(channel.lastRequest(), -32000, { why: 'no' });
  t.equal(exchange.status, 200, "the server's own error is an answer");
  t.equal(exchange.header('mcp-session-id'), undefined);
  t.match(exchange.json, { id: 7, error: { code: -32000, data: { why: 'no' } } });
  t.ok(channel.isClosed);
  t.equal(rig.endpoint.stats().sessions, 0);
  t.end();
});

t.test('a modern-only server tells a legacy client which revisions it has', (t) => {
  const rig = new EndpointRig();
  const own = rig.send({ body: initialize('2025-06-18') });
  let channel = rig.source.newest('session');
  channel.answerError(channel.lastRequest(), -32022, { supported: ['2026-07-28'], requested: 'x' });
  t.equal(own.status, 400);
  t.same(own.error.data, { supported: ['2026-07-28'], requested: 'x' });

  const unknown = rig.send({ body: initialize('2025-06-18') });
  channel = rig.source.newest('session');
  channel.answerError(channel.lastRequest(), -32601);
  t.equal(unknown.status, 400);
  t.equal(unknown.error.code, -32022);
  t.match(unknown.error.data, { supported: ['2026-07-28'], requested: '2025-06-18' });
  t.end();
});

t.test('a result without a version is not a session', (t) => {
  const rig = new EndpointRig();
  const exchange = rig.send({ body: initialize('2025-06-18') });
  const channel = rig.source.newest('session');
  channel.answer(channel.lastRequest(), {});
  t.equal(exchange.status, 502);
  t.equal(exchange.error.data['reason'], 'GW_UPSTREAM_PROTOCOL');
  t.ok(channel.isClosed);
  t.end();
});

t.test('an instance that never comes up is the answer, with its reason', (t) => {
  const rig = new EndpointRig();
  const later = rig.send({ body: initialize('2025-06-18', 3) });
  rig.source
    .newest('session')
    .crash(new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint: 'ENOENT' }));
  t.equal(later.status, 502);
  t.match(later.error.message, /ENOENT/);
  t.equal(later.json['id'], 3);

  rig.source.onOpen = (channel) => {
    channel.crash();
  };
  const atOnce = rig.send({ body: initialize('2025-06-18') });
  t.equal(atOnce.status, 502);
  rig.source.onOpen = () => undefined;

  rig.source.openError = new GatewayError('GW_BULKHEAD_FULL');
  const full = rig.send({ body: initialize('2025-06-18') });
  t.equal(full.failedWith, 'GW_BULKHEAD_FULL');
  t.equal(rig.endpoint.stats().sessions, 0);
  t.end();
});

t.test('a client that leaves before the answer leaves nothing behind', (t) => {
  const rig = new EndpointRig();
  const exchange = rig.send({ body: initialize('2025-06-18') });
  const channel = rig.source.newest('session');
  exchange.abort();
  t.ok(channel.isClosed);
  t.equal(rig.endpoint.stats().sessions, 0);
  channel.answer(channel.lastRequest(), { protocolVersion: '2025-06-18' });
  t.equal(exchange.late, '');
  t.equal(exchange.heads, 0);
  t.end();
});

t.test('a client that has left already opens nothing', (t) => {
  const rig = new EndpointRig();
  const exchange = new FakeHostExchange({
    headers: { accept: '*/*' },
    body: initialize('2025-06-18'),
  });
  exchange.abort();
  exchange.onAbort = (listener): void => {
    listener();
  };
  rig.endpoint.handle(exchange);
  t.equal(rig.source.channels.length, 0);
  t.equal(rig.endpoint.stats().sessions, 0);
  t.end();
});

t.test('a server that does not answer in time is given up', (t) => {
  const rig = new EndpointRig({ requestTimeoutMs: 5000 });
  const exchange = rig.send({ body: initialize('2025-06-18') });
  rig.pass(4999);
  t.equal(exchange.heads, 0);
  rig.pass(1);
  t.equal(exchange.status, 504);
  t.ok(rig.source.newest('session').isClosed);
  t.equal(rig.source.newest('session').notifications('notifications/cancelled').length, 0);
  t.end();
});

t.test('what the server says before its answer comes on the same stream', (t) => {
  const rig = new EndpointRig();
  const exchange = rig.send({ body: initialize('2025-06-18') });
  const channel = rig.source.newest('session');
  channel.notify('notifications/message', { level: 'info', data: 'starting' });
  channel.answer(channel.lastRequest(), { protocolVersion: '2025-06-18' });
  t.match(exchange.messages, [{ method: 'notifications/message' }, { id: 0 }]);
  t.end();
});

t.test('a pinned modern server is not even started for a legacy client', (t) => {
  const rig = new EndpointRig({ era: 'modern' });
  const exchange = rig.send({ body: initialize('2025-06-18', 4) });
  t.equal(exchange.status, 400);
  t.equal(exchange.json['id'], 4);
  t.match(exchange.error, {
    code: -32022,
    data: { supported: ['2026-07-28'], requested: '2025-06-18' },
  });
  t.equal(rig.send({ body: { jsonrpc: '2.0', method: 'notifications/initialized' } }).status, 202);
  t.equal(rig.send({ body: [{ jsonrpc: '2.0', id: 1, method: 'ping' }] }).status, 400);
  t.equal(rig.send({ body: { jsonrpc: '2.0', id: 1, result: {} } }).status, 400);
  for (const method of ['GET', 'DELETE'] as const) {
    const refused = rig.send({ method });
    t.equal(refused.status, 405);
    t.equal(refused.header('allow'), 'POST');
  }
  t.equal(rig.source.channels.length, 0);
  t.end();
});
