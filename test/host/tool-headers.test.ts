import t from 'tap';
import { EndpointRig, modernRequest, settle } from '../support/endpoint-rig.js';
import type { FakeHostExchange } from '../support/fake-host-exchange.js';
import type { FakeChannel } from '../support/fake-channel.js';

const SUB = 'io.modelcontextprotocol/subscriptionId';
const modernRig = (options = {}): EndpointRig => new EndpointRig({ era: 'modern', ...options });

const TOOLS = [
  { name: 'plain', inputSchema: { type: 'object' } },
  {
    name: 'regional',
    inputSchema: {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
    },
  },
];

function call(
  rig: EndpointRig,
  name: string,
  args: object,
  headers: Readonly<Record<string, string>> = {},
): FakeHostExchange {
  return rig.modern(modernRequest('c', 'tools/call', { name, arguments: args }), { headers });
}

async function answerList(channel: FakeChannel, result: object = { tools: TOOLS }): Promise<void> {
  channel.answer(channel.lastRequest('tools/list'), { resultType: 'complete', ...result });
  await settle();
}

const calls = (rig: EndpointRig): number => rig.shared.requests('tools/call').length;
const lists = (rig: EndpointRig): number => rig.shared.requests('tools/list').length;

t.test(
  'a call whose headers repeat its arguments goes on, others are refused before the server sees them',
  async (t) => {
    const rig = modernRig();
    const good = call(rig, 'regional', { region: 'eu' }, { 'mcp-param-region': 'eu' });
    await answerList(rig.shared);
    t.equal(calls(rig), 1);
    rig.shared.answer(rig.shared.lastRequest('tools/call'), { ok: true });
    t.match(good.json, { id: 'c', result: { ok: true } });

    const missing = call(rig, 'regional', { region: 'eu' });
    const wrong = call(rig, 'regional', { region: 'eu' }, { 'mcp-param-region': 'us' });
    const malformed = call(
      rig,
      'regional',
      { region: 'eu' },
      { 'mcp-param-region': '=?base64?!?=' },
    );
    await settle();
    for (const exchange of [missing, wrong, malformed]) {
      t.equal(exchange.status, 400);
      t.equal(exchange.error.code, -32020);
      t.equal(exchange.json['id'], 'c');
    }
    t.match(missing.error.message, /Mcp-Param-Region is missing/);
    t.equal(calls(rig), 1);
    t.equal(lists(rig), 1, 'the list is kept');
  },
);

t.test('tools without marks, and unknown tools, are not looked at', async (t) => {
  const rig = modernRig();
  call(rig, 'plain', { region: 'eu' });
  await answerList(rig.shared);
  call(rig, 'unknown', {});
  await settle();
  t.equal(calls(rig), 2);
});

t.test(
  'the list is read to its last page, and a server that repeats a cursor is not followed',
  async (t) => {
    const rig = modernRig();
    call(rig, 'regional', { region: 'eu' });
    await answerList(rig.shared, { tools: [TOOLS[0]], nextCursor: '' });
    t.same(rig.shared.lastRequest('tools/list').params?.['cursor'], '');
    await answerList(rig.shared, { tools: [TOOLS[1]], nextCursor: 'b' });
    await answerList(rig.shared, { tools: [], nextCursor: 'b' });
    t.equal(lists(rig), 3);
    t.equal(calls(rig), 0, 'refused: the second page was read');
  },
);

t.test('pages are capped', async (t) => {
  const rig = modernRig();
  call(rig, 'plain', {});
  for (let n = 0; n < 150; n += 1) {
    if (calls(rig) > 0) break;
    await answerList(rig.shared, { tools: [], nextCursor: `c${n}` });
  }
  t.equal(lists(rig), 100);
  t.equal(calls(rig), 1);
});

t.test(
  'when the server says that its tools changed, the next call waits for the new list',
  async (t) => {
    const rig = modernRig();
    call(rig, 'regional', {});
    await answerList(rig.shared, { tools: [TOOLS[0]] });
    const { id } = rig.shared.lastRequest('subscriptions/listen');
    rig.shared.notify('notifications/subscriptions/acknowledged', {
      notifications: { toolsListChanged: true },
      _meta: { [SUB]: id },
    });
    rig.shared.notify('notifications/tools/list_changed', { _meta: { [SUB]: id } });
    const exchange = call(rig, 'regional', { region: 'eu' });
    t.equal(lists(rig), 2);
    await answerList(rig.shared);
    t.equal(exchange.status, 400);
    t.equal(rig.shared.requests('subscriptions/listen').length, 1);
    t.equal(rig.endpoint.stats().listens, 0, 'our own interest is no client');
  },
);

t.test('a list that was fetched while the tools changed is not kept', async (t) => {
  const rig = modernRig();
  call(rig, 'regional', {});
  const { id } = rig.shared.lastRequest('subscriptions/listen');
  rig.shared.notify('notifications/subscriptions/acknowledged', {
    notifications: { toolsListChanged: true },
    _meta: { [SUB]: id },
  });
  rig.shared.notify('notifications/tools/list_changed', { _meta: { [SUB]: id } });
  await answerList(rig.shared, { tools: [TOOLS[0]] });
  call(rig, 'regional', { region: 'eu' });
  t.equal(lists(rig), 2);
});

t.test('an old list is used while a new one is fetched', async (t) => {
  const rig = modernRig();
  call(rig, 'plain', {});
  await answerList(rig.shared);
  rig.nowMs += 60_000;
  call(rig, 'plain', {});
  await settle();
  t.equal(calls(rig), 2, 'nobody waited');
  t.equal(lists(rig), 2);
  await answerList(rig.shared, { tools: [] });
  call(rig, 'regional', { region: 'eu' });
  await settle();
  t.equal(calls(rig), 3, 'the new list has no such mark');
});

t.test(
  'a server whose list cannot be had is served unchecked, and not asked for every call',
  async (t) => {
    const rig = modernRig({ probeTimeoutMs: 2000 });
    call(rig, 'regional', { region: 'eu' });
    await settle();
    t.equal(calls(rig), 0);
    rig.pass(2000);
    await settle();
    t.equal(calls(rig), 1);
    call(rig, 'regional', { region: 'eu' });
    await settle();
    t.equal(calls(rig), 2);
    t.equal(lists(rig), 1);
    t.ok(rig.logged.some((line) => line.includes('tools/list failed')));

    const without = modernRig();
    call(without, 'regional', {});
    without.shared.answerError(without.shared.lastRequest('tools/list'), -32601);
    await settle();
    t.equal(calls(without), 1);
  },
);

t.test('a server without subscriptions is asked for one once', async (t) => {
  const rig = modernRig();
  call(rig, 'plain', {});
  rig.shared.answerError(rig.shared.lastRequest('subscriptions/listen'), -32601);
  await answerList(rig.shared);
  rig.nowMs += 60_000;
  call(rig, 'plain', {});
  await answerList(rig.shared);
  t.equal(rig.shared.requests('subscriptions/listen').length, 1);
});

t.test('a client that left while the list was fetched calls nothing', async (t) => {
  const rig = modernRig();
  call(rig, 'plain', {}).abort();
  await answerList(rig.shared);
  t.equal(calls(rig), 0);
});

t.test('a new instance may have other tools', async (t) => {
  const rig = modernRig();
  call(rig, 'plain', {});
  await answerList(rig.shared);
  rig.shared.crash();
  call(rig, 'plain', {});
  t.equal(lists(rig), 1);
  t.equal(rig.shared.requests('subscriptions/listen').length, 1);
});
