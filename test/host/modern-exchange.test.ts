import t from 'tap';
import { EndpointRig, MODERN, modernRequest, settle } from '../support/endpoint-rig.js';
import type { FakeHostExchange } from '../support/fake-host-exchange.js';
import type { SentMessage } from '../support/fake-channel.js';

const modernRig = (options = {}): EndpointRig => new EndpointRig({ era: 'modern', ...options });
const get = (id: string | number, meta: object = {}): object =>
  modernRequest(id, 'prompts/get', { name: 'p' }, meta);

function ask(
  rig: EndpointRig,
  body: object,
  user = 'ada',
): { exchange: FakeHostExchange; request: SentMessage } {
  const exchange = rig.modern(body, { user });
  return { exchange, request: rig.shared.last };
}

t.test('an answer without anything before it is JSON', (t) => {
  const rig = modernRig();
  const { exchange, request } = ask(rig, get('q'));
  t.equal(exchange.heads, 0);
  rig.shared.answer(request, { resultType: 'complete' });
  t.equal(exchange.status, 200);
  t.equal(exchange.header('content-type'), 'application/json');
  t.same(exchange.json, { jsonrpc: '2.0', id: 'q', result: { resultType: 'complete' } });
  t.equal(exchange.header('mcp-session-id'), undefined);
  t.ok(exchange.isEnded);
  t.end();
});

t.test('with the first notification the answer becomes a stream', (t) => {
  const rig = modernRig();
  const { exchange, request } = ask(rig, get(1, { progressToken: 'mine' }));
  t.equal(request.params?._meta?.['progressToken'], request.id, 'tokens are ours on the channel');
  rig.shared.notify('notifications/progress', { progressToken: request.id, progress: 0.5 });
  t.equal(exchange.header('content-type'), 'text/event-stream');
  rig.shared.answer(request, {});
  t.same(exchange.messages, [
    {
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 'mine', progress: 0.5 },
    },
    { jsonrpc: '2.0', id: 1, result: {} },
  ]);
  t.same(
    exchange.events.map((event) => event.id),
    [null, null],
    'modern streams have no event ids',
  );
  t.ok(exchange.isEnded);
  t.end();
});

t.test('errors of the protocol have their status, unless a stream has begun', (t) => {
  const rig = modernRig();
  for (const [code, status] of [
    [-32601, 404],
    [-32022, 400],
    [-32021, 400],
    [-32020, 400],
    [-32602, 200],
    [-32603, 200],
  ] as const) {
    const { exchange, request } = ask(rig, get('e'));
    rig.shared.answerError(request, code, { a: 1 });
    t.equal(exchange.status, status, String(code));
    t.match(exchange.json, { id: 'e', error: { code, data: { a: 1 } } });
  }
  const { exchange, request } = ask(rig, get('e', { progressToken: 1 }));
  rig.shared.notify('notifications/progress', { progressToken: request.id, progress: 1 });
  rig.shared.answerError(request, -32601);
  t.equal(exchange.status, 200);
  t.match(exchange.messages.at(-1), { id: 'e', error: { code: -32601 } });
  t.end();
});

t.test('a version that the server does not serve is refused with those it does', async (t) => {
  const meta = { 'io.modelcontextprotocol/protocolVersion': 'v999' };
  const pinned = modernRig();
  for (const method of ['subscriptions/listen', 'tools/call', 'prompts/get', 'server/discover']) {
    const exchange = pinned.modern(modernRequest(3, method, {}, meta));
    await settle();
    t.equal(exchange.status, 400);
    t.match(exchange.json, { id: 3, error: { code: -32022 } });
    t.match(exchange.error.data, { supported: [MODERN], requested: 'v999' });
  }
  t.equal(pinned.source.channels.length, 0);

  const probed = new EndpointRig();
  const unserved = probed.modern(modernRequest(1, 'prompts/get', {}, meta));
  const next = { 'io.modelcontextprotocol/protocolVersion': '2027-01-01' };
  const served = probed.modern(modernRequest(2, 'prompts/get', {}, next));
  const probe = probed.source.newest('probe');
  probe.answer(probe.last, { supportedVersions: [MODERN, '2027-01-01'] });
  await settle();
  t.same(unserved.error.data['supported'], [MODERN, '2027-01-01']);
  t.equal(served.heads, 0);
  t.equal(probed.shared.requests('prompts/get').length, 1, 'a version we do not know, but it does');
});

t.test('progress nobody asked for is dropped', (t) => {
  const rig = modernRig();
  const { exchange, request } = ask(rig, get(1));
  rig.shared.notify('notifications/progress', { progressToken: request.id, progress: 1 });
  rig.shared.notify('notifications/progress', { progressToken: 'x', progress: 1 });
  rig.shared.answer(request);
  t.equal(exchange.header('content-type'), 'application/json');
  t.end();
});

t.test('a client that leaves cancels its call, and the late answer reaches nobody', (t) => {
  const rig = modernRig();
  const { exchange, request } = ask(rig, get(1));
  exchange.abort();
  t.match(rig.shared.last, {
    method: 'notifications/cancelled',
    params: { requestId: request.id, _meta: { 'io.modelcontextprotocol/protocolVersion': MODERN } },
  });
  t.same(rig.shared.cancelled, [request.id]);
  rig.shared.answer(request);
  t.equal(exchange.heads, 0);
  t.equal(exchange.late, '');
  t.equal(rig.endpoint.stats().dropped['unknown-response'], 1);
  t.equal(rig.endpoint.stats().inFlight, 0);
  t.end();
});

t.test('a client that leaves after its answer cancels nothing', (t) => {
  const rig = modernRig();
  const { exchange, request } = ask(rig, get(1));
  rig.shared.answer(request);
  exchange.abort();
  t.equal(rig.shared.notifications('notifications/cancelled').length, 0);
  t.end();
});

t.test(
  'a call that waits for the server to take messages is cancelled without reaching it',
  async (t) => {
    const rig = modernRig();
    ask(rig, get(1)).exchange.abort();
    rig.shared.takesMessages = false;
    rig.modern(get(2));
    const queued = rig.modern(get(3));
    queued.abort();
    rig.shared.becomeWritable();
    await settle();
    t.equal(rig.shared.requests('prompts/get').length, 2);
    t.equal(rig.shared.notifications('notifications/cancelled').length, 1);
  },
);

t.test('a reader that stalls for good is a client that left', (t) => {
  const rig = modernRig();
  const { exchange, request } = ask(rig, get(1, { progressToken: 1 }));
  exchange.isWritable = false;
  const message = 'x'.repeat(1_000_000);
  for (let n = 0; n < 4; n += 1) {
    rig.shared.notify('notifications/progress', {
      progressToken: request.id,
      progress: n,
      message,
    });
  }
  t.equal(exchange.failedWith, 'GW_SLOW_READER');
  t.equal(rig.shared.notifications('notifications/cancelled').length, 1);
  t.end();
});

t.test('silence beyond the deadline is answered once, progress starts the time anew', (t) => {
  const rig = modernRig({ requestTimeoutMs: 10_000 });
  const plain = ask(rig, get('a'));
  const noisy = ask(rig, get('b', { progressToken: 1 }));
  rig.pass(9000);
  rig.shared.notify('notifications/progress', { progressToken: noisy.request.id, progress: 1 });
  rig.pass(1000);
  t.equal(plain.exchange.status, 504);
  t.match(plain.exchange.json, { id: 'a', error: { code: -32010 } });
  t.notOk(noisy.exchange.isEnded);
  rig.pass(9000);
  t.match(noisy.exchange.messages.at(-1), { id: 'b', error: { code: -32010 } });
  t.ok(noisy.exchange.isEnded);
  t.equal(rig.shared.notifications('notifications/cancelled').length, 2);
  rig.shared.answer(plain.request);
  t.equal(plain.exchange.late, '');
  t.end();
});

t.test('a malformed answer is the server breaking the protocol', (t) => {
  const rig = modernRig();
  const { exchange, request } = ask(rig, get(1));
  rig.shared.say({ jsonrpc: '2.0', id: request.id, result: {}, error: {} });
  t.equal(exchange.status, 502);
  t.equal(exchange.error.data['reason'], 'GW_UPSTREAM_PROTOCOL');
  t.end();
});

t.test('a silent stream gets comments', (t) => {
  const rig = modernRig();
  const { exchange, request } = ask(rig, get(1, { progressToken: 1 }));
  rig.pass(15_000);
  t.equal(exchange.text, '', 'there is no stream yet');
  rig.shared.notify('notifications/progress', { progressToken: request.id, progress: 1 });
  const before = exchange.text;
  rig.pass(15_000);
  t.equal(exchange.text, `${before}: ping\n\n`);
  t.end();
});

t.test('requests must have an id, and responses have no place', async (t) => {
  const rig = modernRig();
  const nullId = rig.modern({ ...get(1), id: null });
  await settle();
  t.equal(nullId.status, 400);
  t.equal(nullId.error.code, -32600);
  t.equal(rig.source.channels.length, 0);
});

t.test('notifications are accepted; those that speak of ids stay here', (t) => {
  const rig = modernRig();
  const { request } = ask(rig, get(1), 'victim');
  const note = (method: string, params: object = {}): FakeHostExchange =>
    rig.modern({ jsonrpc: '2.0', method, params: { ...params } }, { user: 'eve' });
  const statuses = [
    note('notifications/cancelled', { requestId: request.id }),
    note('notifications/progress', { progressToken: request.id, progress: 1 }),
    note('notifications/initialized'),
    note('vendor/hello', { a: 1 }),
  ].map((exchange) => exchange.status);
  t.same(statuses, [202, 202, 202, 202]);
  t.same(
    rig.shared.sent.map((each) => each.method),
    ['prompts/get', 'vendor/hello'],
  );
  t.same(rig.shared.origins.at(-1), { user: 'eve', credential: null });
  t.end();
});
