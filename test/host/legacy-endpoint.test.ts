import t from 'tap';
import { EndpointRig, initialize } from '../support/endpoint-rig.js';

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

t.test('initialize opens an instance for the session and answers as a stream with its id', (t) => {
  const rig = new EndpointRig();
  const exchange = rig.send({ body: initialize('2025-06-18', 'init-1') });
  t.equal(exchange.heads, 0, 'nothing is promised before the server answered');
  const channel = rig.source.newest('session');
  t.same(channel.owner, { purpose: 'session', user: 'ada', credential: null });
  const request = channel.lastRequest('initialize');
  t.same(request.params, (initialize('2025-06-18') as { params: unknown }).params);
  channel.answer(request, { protocolVersion: '2025-06-18', capabilities: {} });
  t.equal(exchange.status, 200);
  t.equal(exchange.header('content-type'), 'text/event-stream');
  t.match(exchange.header('mcp-session-id'), /^h0\.[\x21-\x7e]{22,}$/);
  t.same(exchange.messages, [
    { jsonrpc: '2.0', id: 'init-1', result: { protocolVersion: '2025-06-18', capabilities: {} } },
  ]);
  t.same(
    exchange.events.map((event) => event.retry),
    [null],
    'no event without data',
  );
  t.ok(exchange.isEnded);
  t.end();
});

t.test('a 2025-11-25 client gets the priming event first', (t) => {
  const rig = new EndpointRig();
  const exchange = rig.send({ body: initialize('2025-11-25') });
  const channel = rig.source.newest('session');
  channel.answer(channel.lastRequest(), { protocolVersion: '2025-11-25' });
  t.same(exchange.events[0], { id: '1-0', retry: 1000, data: '' });
  t.equal(exchange.events.length, 2);
  t.end();
});

t.test('every session has an instance and an id of its own', (t) => {
  const rig = new EndpointRig();
  const one = rig.openSession();
  const two = rig.openSession();
  t.not(one.sessionId, two.sessionId);
  t.not(one.channel, two.channel);
  t.equal(rig.endpoint.stats().sessions, 2);
  t.end();
});

t.test("another user's session, an invented one and a closed one are answered alike", (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession({ user: 'ada' });
  const closed = rig.openSession({ user: 'eve' });
  closed.delete();
  const tries = [client.sessionId, 'h0.invented', closed.sessionId].flatMap((id) =>
    (['POST', 'GET', 'DELETE'] as const).map((method) =>
      rig.send({ method, user: 'eve', headers: { 'mcp-session-id': id }, body: LIST }),
    ),
  );
  for (const exchange of tries) {
    t.equal(exchange.status, 404);
    t.equal(exchange.error.code, -32001);
  }
  t.equal(new Set(tries.filter((_, i) => i % 3 === 0).map((each) => each.text)).size, 1);
  t.equal(new Set(tries.filter((_, i) => i % 3 !== 0).map((each) => each.text)).size, 1);
  t.equal(client.channel.requests('tools/list').length, 0);
  t.notOk(client.channel.isClosed, 'a foreign DELETE ends nothing');
  t.end();
});

t.test('a request without a session is refused with its id', (t) => {
  const rig = new EndpointRig();
  for (const method of ['POST', 'GET', 'DELETE'] as const) {
    const exchange = rig.send({ method, body: LIST });
    t.equal(exchange.status, 400);
    t.equal(exchange.error.code, -32000);
    t.equal(exchange.json['id'], method === 'POST' ? 1 : null);
  }
  t.equal(rig.source.channels.length, 0);
  t.end();
});

t.test('DELETE ends the session and its instance; what was in flight is answered', (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession();
  const call = client.call(5);
  const listening = client.get();
  const exchange = client.delete();
  t.equal(exchange.status, 200);
  t.equal(exchange.text, '');
  t.ok(client.channel.isClosed);
  t.match(call.messages, [{ id: 5, error: { code: -32001 } }]);
  t.ok(call.isEnded);
  t.ok(listening.isEnded);
  t.equal(client.call(6).status, 404);
  t.equal(client.delete().status, 404);
  t.end();
});

t.test('the Accept header must admit what will be answered', (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession();
  const post = (accept: string): number => client.post(LIST, { accept }).status;
  t.equal(post('application/json'), 406);
  t.equal(post('text/event-stream'), 406);
  t.equal(post('application/json;q=1, text/event-stream'), 200);
  t.equal(post('Application/JSON,Text/Event-Stream'), 200);
  t.equal(post('*/*'), 200, 'curl');
  const lines = ['application/json', 'text/event-stream'];
  t.equal(client.post(LIST, { accept: lines }).status, 200, 'each on a line of its own');
  t.equal(client.get({ accept: 'application/json' }).status, 406);
  t.equal(client.get({ accept: 'text/event-stream' }).status, 200);
  t.end();
});

t.test('batches belong to sessions of 2025-03-26 and before', (t) => {
  const rig = new EndpointRig();
  const batch = [LIST, { jsonrpc: '2.0', method: 'notifications/x' }, { ...LIST, id: 'b' }];
  const old = rig.openSession({ version: '2025-03-26' });
  const exchange = old.post(batch);
  t.equal(exchange.status, 200);
  const [first, second] = old.channel.requests('tools/list');
  if (first === undefined || second === undefined) throw new Error('not sent');
  t.equal(old.channel.notifications('notifications/x').length, 1);
  old.channel.answer(second, { n: 2 });
  t.notOk(exchange.isEnded, 'one answer is missing');
  old.channel.answer(first, { n: 1 });
  t.same(exchange.messages, [
    { jsonrpc: '2.0', id: 'b', result: { n: 2 } },
    { jsonrpc: '2.0', id: 1, result: { n: 1 } },
  ]);
  t.ok(exchange.isEnded);

  const recent = rig.openSession({ version: '2025-06-18' });
  const refused = recent.post(batch);
  t.equal(refused.status, 400);
  t.equal(refused.error.code, -32600);
  t.equal(recent.channel.requests('tools/list').length, 0);
  t.equal(
    rig.send({ body: [initialize('2025-03-26'), LIST] }).status,
    400,
    'initialize in company',
  );
  t.end();
});

t.test('a request with a null id is refused', (t) => {
  const rig = new EndpointRig();
  const exchange = rig.openSession().post({ ...LIST, id: null });
  t.equal(exchange.status, 400);
  t.equal(exchange.error.code, -32600);
  t.end();
});

t.test('sessions are capped per user and in total, and the place of an ended one is free', (t) => {
  const rig = new EndpointRig({ maxSessions: 3, maxSessionsPerUser: 2 });
  const first = rig.openSession({ user: 'ada' });
  rig.openSession({ user: 'ada' });
  const perUser = rig.send({ user: 'ada', body: initialize('2025-06-18') });
  t.equal(perUser.failedWith, 'GW_USER_BUSY');
  rig.openSession({ user: 'bob' });
  const total = rig.send({ user: 'eve', body: initialize('2025-06-18') });
  t.equal(total.failedWith, 'GW_BULKHEAD_FULL');
  t.equal(rig.source.channels.length, 3, 'no instance was opened for the refused');
  first.delete();
  t.equal(rig.openSession({ user: 'eve' }).sessionId.startsWith('h0.'), true);
  t.end();
});

t.test(
  'a drained endpoint answers what is in flight, ends its instances and takes nothing new',
  async (t) => {
    const rig = new EndpointRig();
    const client = rig.openSession();
    const call = client.call(1);
    const pending = rig.send({ body: initialize('2025-06-18', 9) });
    await rig.endpoint.close();
    const message = /restarted.*unknown/;
    t.match(call.messages, [{ id: 1, error: { code: -32008, message } }]);
    t.equal(pending.failedWith, 'GW_DRAINING');
    t.ok(rig.source.channels.every((channel) => channel.isClosed));
    t.ok(rig.source.isClosed);
    t.equal(client.call(2).failedWith, 'GW_DRAINING');
    t.equal(rig.endpoint.stats().sessions, 0);
  },
);
