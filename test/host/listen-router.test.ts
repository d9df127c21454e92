import t from 'tap';
import { EndpointRig, modernRequest, settle } from '../support/endpoint-rig.js';
import type { FakeHostExchange } from '../support/fake-host-exchange.js';
import type { FakeChannel, SentMessage } from '../support/fake-channel.js';

const SUB = 'io.modelcontextprotocol/subscriptionId';
const modernRig = (options = {}): EndpointRig => new EndpointRig({ era: 'modern', ...options });

function listen(
  rig: EndpointRig,
  id: string | number,
  notifications: unknown,
  user = 'ada',
): FakeHostExchange {
  return rig.modern(modernRequest(id, 'subscriptions/listen', { notifications }), { user });
}

function acknowledge(channel: FakeChannel, request: SentMessage, notifications: object): void {
  const params = { notifications, _meta: { [SUB]: request.id } };
  channel.notify('notifications/subscriptions/acknowledged', params);
}

function change(
  channel: FakeChannel,
  request: SentMessage,
  what: string,
  params: object = {},
): void {
  channel.notify(`notifications/${what}`, { ...params, _meta: { [SUB]: request.id, extra: 1 } });
}

const listens = (rig: EndpointRig): SentMessage[] => rig.shared.requests('subscriptions/listen');

t.test('the acknowledgement is the first frame and names the own request', (t) => {
  const rig = modernRig();
  const exchange = listen(rig, 'mine', { toolsListChanged: true, promptsListChanged: false });
  const [request] = listens(rig);
  if (request === undefined) throw new Error('not sent');
  t.same(request.params?.['notifications'], { toolsListChanged: true });
  change(rig.shared, request, 'tools/list_changed');
  t.equal(exchange.heads, 0, 'nothing comes before the acknowledgement');
  acknowledge(rig.shared, request, { toolsListChanged: true });
  t.equal(exchange.status, 200);
  t.equal(exchange.header('content-type'), 'text/event-stream');
  change(rig.shared, request, 'tools/list_changed');
  t.same(exchange.messages, [
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true }, _meta: { [SUB]: 'mine' } },
    },
    {
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: { [SUB]: 'mine', extra: 1 } },
    },
  ]);
  t.notOk(exchange.isEnded);
  t.end();
});

t.test('listeners that ask for the same share one subscription, each under its own name', (t) => {
  const rig = modernRig();
  const early = listen(rig, 1, { toolsListChanged: true }, 'ada');
  const [request] = listens(rig);
  if (request === undefined) throw new Error('not sent');
  acknowledge(rig.shared, request, { toolsListChanged: true });
  const late = listen(rig, '1', { toolsListChanged: true, resourcesListChanged: false }, 'bob');
  t.equal(listens(rig).length, 1);
  change(rig.shared, request, 'tools/list_changed');
  for (const [exchange, id] of [
    [early, 1],
    [late, '1'],
  ] as const) {
    const names = exchange.messages.map(
      (each) => (each['params'] as SentMessage['params'])?._meta?.[SUB],
    );
    t.same(names, [id, id]);
  }
  t.equal(rig.endpoint.stats().listens, 2);
  t.end();
});

t.test(
  'resources are shared within a user only, and nobody gets what they did not ask for',
  (t) => {
    const rig = modernRig();
    const uris = { resourceSubscriptions: ['a:2', 'a:1', 'a:2'] };
    const ada = listen(rig, 1, uris, 'ada');
    const alsoAda = listen(rig, 2, { resourceSubscriptions: ['a:1', 'a:2'] }, 'ada');
    const bob = listen(rig, 1, uris, 'bob');
    const tools = listen(rig, 1, { toolsListChanged: true }, 'ada');
    const requests = listens(rig);
    t.equal(requests.length, 3);
    for (const request of requests) {
      acknowledge(rig.shared, request, request.params?.['notifications'] as object);
    }
    const [first] = requests;
    if (first === undefined) throw new Error('not sent');
    change(rig.shared, first, 'resources/updated', { uri: 'a:1' });
    t.same(
      [ada, alsoAda, bob, tools].map((exchange) => exchange.messages.length),
      [2, 2, 1, 1],
    );
    t.same(
      rig.shared.origins.map((origin) => origin.user),
      ['ada', 'bob', ''],
    );
    t.end();
  },
);

t.test(
  "the gateway's own interest in tools takes no second subscription beside a client's",
  async (t) => {
    // The Go SDK's servers tell of a change on the newest subscription of a connection only.
    const rig = modernRig();
    const exchange = listen(rig, 1, { toolsListChanged: true, promptsListChanged: true });
    const [request] = listens(rig);
    if (request === undefined) throw new Error('not sent');
    acknowledge(rig.shared, request, { toolsListChanged: true, promptsListChanged: true });
    const askTools = () => rig.modern(modernRequest(2, 'tools/call', { name: 'x' }));
    const answerTools = async () => {
      rig.shared.answer(rig.shared.lastRequest('tools/list'), { tools: [] });
      await settle();
    };
    askTools();
    await answerTools();
    t.equal(listens(rig).length, 1);
    change(rig.shared, request, 'tools/list_changed');
    t.equal(exchange.messages.length, 2);
    askTools();
    t.equal(rig.shared.requests('tools/list').length, 2, 'the gateway heard it too');
    await answerTools();
    exchange.abort();
    t.match(rig.shared.notifications('notifications/cancelled'), [
      { params: { requestId: request.id } },
    ]);
    rig.nowMs += 60_000;
    askTools();
    await answerTools();
    rig.nowMs += 60_000;
    askTools();
    t.match(listens(rig), [{}, { params: { notifications: { toolsListChanged: true } } }]);
  },
);

t.test('a subscription that is not told of tools does not serve the gateway', async (t) => {
  const rig = modernRig();
  listen(rig, 1, { promptsListChanged: true });
  acknowledge(rig.shared, rig.shared.lastRequest('subscriptions/listen'), {
    promptsListChanged: true,
  });
  rig.modern(modernRequest(2, 'tools/call', { name: 'x' }));
  await settle();
  t.same(rig.shared.lastRequest('subscriptions/listen').params?.['notifications'], {
    toolsListChanged: true,
  });
});

t.test('what is not understood here goes to the server as it came, by itself', (t) => {
  const rig = modernRig();
  const filters = [
    { taskIds: ['t1'] },
    { taskIds: ['t1'] },
    { toolsListChanged: 'yes' },
    { resourceSubscriptions: 'a:1' },
    'nonsense',
  ];
  const exchanges = filters.map((filter, n) => listen(rig, `l${n}`, filter));
  const requests = listens(rig);
  t.same(
    requests.map((each) => each.params?.['notifications']),
    filters,
  );
  t.match(requests[0]?.params?._meta, { 'io.modelcontextprotocol/clientCapabilities': {} });
  const [first, , third] = requests;
  if (first === undefined || third === undefined) throw new Error('not sent');
  acknowledge(rig.shared, first, { taskIds: ['t1'] });
  rig.shared.notify('notifications/tasks', { taskId: 't1', _meta: { [SUB]: first.id } });
  t.match(exchanges[0]?.messages, [
    {},
    { method: 'notifications/tasks', params: { taskId: 't1' } },
  ]);
  t.equal(exchanges[1]?.heads, 0);
  rig.shared.answerError(third, -32602);
  t.equal(exchanges[2]?.status, 200);
  t.match(exchanges[2]?.json, { id: 'l2', error: { code: -32602 } });
  t.end();
});

t.test('a server without subscriptions answers as it would have alone', (t) => {
  const rig = modernRig();
  const both = [listen(rig, 1, {}), listen(rig, 2, {})];
  const [request] = listens(rig);
  if (request === undefined) throw new Error('not sent');
  rig.shared.answerError(request, -32601);
  t.same(
    both.map((each) => each.status),
    [404, 404],
  );
  t.same(
    both.map((each) => each.json['id']),
    [1, 2],
  );
  t.equal(rig.endpoint.stats().listens, 0);
  t.end();
});

t.test('a subscription of which nothing is honoured ends in order at once', (t) => {
  const rig = modernRig();
  const exchange = listen(rig, 'x', { toolsListChanged: true });
  const [request] = listens(rig);
  if (request === undefined) throw new Error('not sent');
  acknowledge(rig.shared, request, {});
  t.match(exchange.messages, [
    { method: 'notifications/subscriptions/acknowledged', params: { notifications: {} } },
    { id: 'x', result: { resultType: 'complete', _meta: { [SUB]: 'x' } } },
  ]);
  t.ok(exchange.isEnded);
  t.match(rig.shared.last, {
    method: 'notifications/cancelled',
    params: { requestId: request.id },
  });
  t.end();
});

t.test('the server ends a subscription in order, with a result for each listener', (t) => {
  const rig = modernRig();
  const open = listen(rig, 'a', { toolsListChanged: true });
  const [request] = listens(rig);
  if (request === undefined) throw new Error('not sent');
  acknowledge(rig.shared, request, { toolsListChanged: true });
  rig.shared.answer(request, { resultType: 'complete', _meta: { [SUB]: request.id, s: 1 } });
  t.match(open.messages[1], {
    id: 'a',
    result: { resultType: 'complete', _meta: { [SUB]: 'a', s: 1 } },
  });
  t.ok(open.isEnded);
  const unacknowledged = listen(rig, 'b', { toolsListChanged: true });
  rig.shared.answer(rig.shared.lastRequest('subscriptions/listen'), {});
  t.equal(unacknowledged.status, 200);
  t.match(unacknowledged.json, { id: 'b', result: { _meta: { [SUB]: 'b' } } });
  t.end();
});

t.test('the last listener that leaves ends the subscription, an earlier one does not', (t) => {
  const rig = modernRig();
  const [one, two] = [listen(rig, 1, {}), listen(rig, 1, {})];
  const [request] = listens(rig);
  if (request === undefined) throw new Error('not sent');
  acknowledge(rig.shared, request, { toolsListChanged: true });
  one.abort();
  t.equal(rig.shared.notifications('notifications/cancelled').length, 0);
  change(rig.shared, request, 'tools/list_changed');
  t.equal(one.late, '');
  t.equal(two.messages.length, 2);
  two.abort();
  t.match(rig.shared.last, {
    method: 'notifications/cancelled',
    params: { requestId: request.id },
  });
  t.equal(rig.endpoint.stats().listens, 0);
  listen(rig, 3, {});
  t.equal(listens(rig).length, 2, 'the next one begins anew');
  t.end();
});

t.test('a subscription that dies ends the streams without a result: listen again', async (t) => {
  const rig = modernRig();
  const open = listen(rig, 1, { toolsListChanged: true });
  const [request] = listens(rig);
  if (request === undefined) throw new Error('not sent');
  acknowledge(rig.shared, request, { toolsListChanged: true });
  const waiting = listen(rig, 2, { promptsListChanged: true });
  rig.shared.crash();
  t.ok(open.isEnded);
  t.equal(open.messages.length, 1);
  t.equal(waiting.status, 502);

  const taken = listen(rig, 3, { toolsListChanged: true });
  const again = rig.shared.lastRequest('subscriptions/listen');
  acknowledge(rig.shared, again, { toolsListChanged: true });
  rig.shared.notify('notifications/cancelled', { requestId: again.id });
  t.ok(taken.isEnded);
  t.equal(taken.messages.length, 1);
  await settle();
  t.equal(rig.endpoint.stats().listens, 0);
});

t.test('an acknowledgement has a deadline, a subscription has none', (t) => {
  const rig = modernRig({ requestTimeoutMs: 10_000 });
  const silent = listen(rig, 1, { toolsListChanged: true });
  const good = listen(rig, 2, { promptsListChanged: true });
  const request = rig.shared.lastRequest('subscriptions/listen');
  acknowledge(rig.shared, request, { promptsListChanged: true });
  rig.pass(10_000);
  t.equal(silent.status, 504);
  rig.pass(10_000_000);
  t.notOk(good.isEnded);
  t.match(good.text, /: ping\n\n$/);
  t.end();
});

t.test('subscriptions are capped per user and in total', async (t) => {
  const rig = modernRig({ maxSessions: 3, maxSessionsPerUser: 2 });
  const first = listen(rig, 1, {}, 'ada');
  listen(rig, 2, {}, 'ada');
  t.equal(listen(rig, 3, {}, 'bob').heads, 0);
  const perUser = listen(rig, 'p', {}, 'ada');
  const total = listen(rig, 't', {}, 'eve');
  await settle();
  t.equal(perUser.failedWith, 'GW_USER_BUSY');
  t.equal(total.failedWith, 'GW_BULKHEAD_FULL');
  first.abort();
  listen(rig, 5, {}, 'ada');
  await settle();
  t.equal(rig.endpoint.stats().listens, 3);
});

t.test('a drained endpoint ends all streams in order', async (t) => {
  const rig = modernRig();
  const exchange = listen(rig, 'a', { toolsListChanged: true });
  const [request] = listens(rig);
  if (request === undefined) throw new Error('not sent');
  acknowledge(rig.shared, request, { toolsListChanged: true });
  await rig.endpoint.close();
  t.match(exchange.messages[1], { id: 'a', result: { resultType: 'complete' } });
  t.ok(exchange.isEnded);
});

t.test('a server that answers within the call is heard too', (t) => {
  for (const says of ['acknowledge', 'nothing', 'refuse'] as const) {
    const rig = modernRig();
    rig.source.onOpen = (channel) => {
      const send = channel.send.bind(channel);
      channel.send = (message, origin): boolean => {
        const takes = send(message, origin);
        if (channel.last.method !== 'subscriptions/listen') return takes;
        if (says === 'refuse') channel.answerError(channel.last, -32601);
        else
          acknowledge(channel, channel.last, says === 'nothing' ? {} : { toolsListChanged: true });
        return takes;
      };
    };
    const exchange = listen(rig, 7, { toolsListChanged: true });
    t.equal(exchange.status, says === 'refuse' ? 404 : 200, says);
    t.equal(exchange.isEnded, says !== 'acknowledge', says);
    t.equal(rig.endpoint.stats().listens, says === 'acknowledge' ? 1 : 0, says);
  }
  t.end();
});
