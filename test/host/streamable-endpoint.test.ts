import t from 'tap';
import { EndpointRig, modernRequest, settle } from '../support/endpoint-rig.js';
import type { FakeHostRequest } from '../support/fake-host-exchange.js';

t.test('a body that is no JSON-RPC is refused, with its id where it has one', (t) => {
  const rig = new EndpointRig();
  const cases: readonly (readonly [string, number, unknown])[] = [
    ['', -32700, null],
    ['{', -32700, null],
    ['[]', -32600, null],
    ['{"jsonrpc":"2.0","id":5,"params":[]}', -32600, 5],
    ['{"jsonrpc":"1.0","id":5,"method":"m"}', -32600, null],
  ];
  for (const [body, code, id] of cases) {
    const exchange = rig.send({ body });
    t.equal(exchange.status, 400, body);
    t.equal(exchange.error.code, code, body);
    t.equal(exchange.json['id'], id, body);
  }
  t.end();
});

t.test('the body decides the era; a notification may tell it by header', async (t) => {
  const rig = new EndpointRig({ era: 'modern' });
  const notification = { jsonrpc: '2.0', method: 'vendor/x' };
  rig.send({ body: notification, headers: { 'mcp-protocol-version': '2026-07-28' } });
  rig.send({ body: modernRequest(1, 'prompts/list') });
  await settle();
  t.same(
    rig.shared.sent.map((each) => each.method),
    ['vendor/x', 'prompts/list'],
  );
  const legacy = rig.send({ body: { jsonrpc: '2.0', id: 1, method: 'prompts/list' } });
  t.equal(legacy.error.code, -32022);
});

t.test('every exchange gets exactly one reply, whatever happens', async (t) => {
  const bodies: FakeHostRequest[] = [
    { body: modernRequest(1, 'tools/call', { name: 'x' }) },
    { body: modernRequest(1, 'subscriptions/listen', { notifications: {} }) },
    { body: { jsonrpc: '2.0', id: 1, method: 'tools/list' } },
    { method: 'GET' },
    { method: 'DELETE' },
    { body: '[' },
  ];
  for (const era of ['auto', 'modern', 'legacy'] as const) {
    const rig = new EndpointRig({ era });
    const client = rig.openSession.bind(rig);
    const exchanges = bodies.map((request) => rig.send(request));
    if (era !== 'modern') {
      const session = client();
      exchanges.push(session.call(1), session.get(), session.get(), session.notify('x'));
    }
    await settle();
    rig.pass(1_000_000);
    await rig.endpoint.close();
    await settle();
    for (const exchange of exchanges) {
      const hasFailed = exchange.failedWith !== null;
      t.equal(exchange.heads, hasFailed ? 0 : 1);
      t.equal(exchange.isEnded, !hasFailed);
      t.equal(exchange.late, '');
    }
    const { sessions, inFlight, listens } = rig.endpoint.stats();
    t.same({ sessions, inFlight, listens }, { sessions: 0, inFlight: 0, listens: 0 });
    t.equal(rig.source.openCount, 0);
  }
});

t.test('a fault of ours is an internal error, not an exception', (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession();
  client.channel.send = (): boolean => {
    throw new Error('secret detail');
  };
  const exchange = client.notify('notifications/x');
  t.equal(exchange.status, 500);
  t.equal(exchange.error.code, -32603);
  t.notMatch(exchange.text, /secret/);
  t.ok(rig.logged.includes('Internal error.'));
  t.end();
});
