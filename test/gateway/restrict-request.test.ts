import { randomBytes } from 'node:crypto';
import t from 'tap';
import { accessOf, AccessTable } from '../../src/gateway/access.js';
import { ANONYMOUS } from '../../src/gateway/authenticate.js';
import type { Authenticator } from '../../src/gateway/authenticator.js';
import { OpenRelays } from '../../src/gateway/open-relays.js';
import { createRequestPath } from '../../src/gateway/request-path.js';
import { createSessionIds } from '../../src/gateway/session-ids.js';
import { ToolHints } from '../../src/gateway/tool-hints.js';
import { DEFAULT_SCAN_LIMITS } from '../../src/mcp/scan-message.js';
import { NameFilter } from '../../src/policy/name-filter.js';
import { RetryBudget } from '../../src/policy/retry-budget.js';
import type { ToolRules } from '../../src/store/access-rules.js';
import type { RequestRecord } from '../../src/telemetry/request-record.js';
import { FakeExchange } from '../support/fake-exchange.js';
import { FakeTransport } from '../support/fake-transport.js';
import { LocalAdmission } from '../support/local-admission.js';

const denyX = [new NameFilter({ allow: null, deny: ['x*'] })];
const RESTRICTED = accessOf({ tools: denyX, prompts: denyX, resources: denyX });

function gateway(tools: ToolRules | null = null, access = RESTRICTED) {
  const transport = new FakeTransport();
  const records: RequestRecord[] = [];
  const principal = { ...ANONYMOUS, user: 'ana', tools };
  const path = createRequestPath({
    servers: () =>
      new Map([
        [
          'fake',
          {
            name: 'fake',
            transport,
            maxBodyBytes: 10_000,
            requestTimeoutMs: 5000,
            openRelays: new OpenRelays(5000),
            streamIdleTimeoutMs: 0,
            streamMaxMs: 0,
            retryBudget: new RetryBudget(),
            scopes: null,
            access,
            credential: null,
          },
        ],
      ]),
    authenticator: { authenticate: () => principal } as unknown as Authenticator,
    challengeOf: () => ({ metadataUrl: null, scopes: [] }),
    admission: new LocalAdmission({ maxStreams: 5, maxStreamsPerUser: 5 }),
    sessionIds: createSessionIds(randomBytes(32)),
    scanLimits: DEFAULT_SCAN_LIMITS,
    sseHeartbeatMs: 1000,
    tracing: null,
    toolHints: new ToolHints(),
    accessTable: new AccessTable(),
    credentials: { of: () => '' },
    onRetry: () => undefined,
    record: (record) => records.push(record),
  });
  const send = (body: unknown, method = 'POST') => {
    const headers = { 'content-type': 'application/json' };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const exchange = new FakeExchange({ method, headers, body: text });
    return { exchange, done: path(exchange, 'fake') };
  };
  return { transport, records, send };
}

const rpc = (method: string, params: object, id: number | string = 7) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

t.test(
  'what is hidden answers as the specification has it for unknown, and reaches nobody',
  async (t) => {
    const cases: readonly (readonly [string, object, object])[] = [
      ['tools/call', { name: 'x1' }, { code: -32602, message: 'Unknown tool: x1' }],
      ['tools/call', { name: ['x1'] }, { code: -32602, message: 'Invalid params' }],
      ['prompts/get', { name: 'x1' }, { code: -32602, message: 'Unknown prompt: x1' }],
      ...['resources/read', 'resources/subscribe', 'resources/unsubscribe'].map(
        (method) =>
          [
            method,
            { uri: 'x:1' },
            { code: -32002, message: 'Resource not found', data: { uri: 'x:1' } },
          ] as const,
      ),
      [
        'completion/complete',
        { ref: { type: 'ref/prompt', name: 'x1' }, argument: {} },
        { code: -32602, message: 'Unknown prompt: x1' },
      ],
      [
        'completion/complete',
        { ref: { type: 'ref/resource', uri: 'x:{a}' }, argument: {} },
        { code: -32002, message: 'Resource not found', data: { uri: 'x:{a}' } },
      ],
    ];
    for (const [method, params, error] of cases) {
      const { transport, records, send } = gateway();
      const { exchange, done } = send(rpc(method, params));
      await done;
      t.equal(exchange.status, 200, method);
      t.same(exchange.json, { jsonrpc: '2.0', id: 7, error }, method);
      t.equal(transport.calls.length, 0, method);
      t.match(records, [{ status: 200, reason: 'GW_TOOL_UNKNOWN' }], method);
    }
  },
);

t.test('a modern client hears the modern code', async (t) => {
  const { send } = gateway();
  const _meta = { [VERSION]: '2099-01-01', [CAPABILITIES]: {} };
  const { exchange, done } = send(rpc('resources/read', { uri: 'x:1', _meta }));
  await done;
  t.match(exchange.json, { error: { code: -32602, message: 'Resource not found' } });
});

t.test('a notification that names something hidden is taken and goes nowhere', async (t) => {
  const { transport, send } = gateway();
  const { exchange, done } = send({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'x1' } });
  await done;
  t.equal(exchange.status, 202);
  t.equal(exchange.text, '');
  t.equal(transport.calls.length, 0);
});

t.test('what is not hidden passes untouched, its answer too', async (t) => {
  const { transport, send } = gateway();
  const { exchange, done } = send(rpc('tools/call', { name: 'ok' }));
  const answer =
    '{ "jsonrpc":"2.0","id":7, "result":{"tools":[{"name":"x1"}],"n":12345678901234567890}}';
  (await transport.call()).answer(answer);
  await done;
  t.equal(exchange.text, answer);
});

t.test('lists lose what is hidden, as JSON and as events', async (t) => {
  const lists: readonly (readonly [string, string, string])[] = [
    ['tools/list', 'tools', 'name'],
    ['prompts/list', 'prompts', 'name'],
    ['resources/list', 'resources', 'uri'],
    ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
  ];
  for (const [method, member, key] of lists) {
    const result = { [member]: [{ [key]: 'a' }, { [key]: 'x' }], nextCursor: 'more' };
    const left = { [member]: [{ [key]: 'a' }], nextCursor: 'more' };
    const asJson = gateway();
    const first = asJson.send(rpc(method, { cursor: 'c' }));
    const call = await asJson.transport.call();
    t.match(call.request.body?.toString(), '"cursor":"c"');
    call.answer({ jsonrpc: '2.0', id: 7, result }, 200, ['cache-control', 'public']);
    await first.done;
    t.same(first.exchange.json, { jsonrpc: '2.0', id: 7, result: left }, method);
    t.match(first.exchange.replyHeaders['cache-control'], /private/);

    const asEvents = gateway();
    const second = asEvents.send(rpc(method, {}));
    const stream = await asEvents.transport.call();
    stream.beginEvents();
    stream.event({ jsonrpc: '2.0', method: 'notifications/message', params: {} });
    stream.event({ jsonrpc: '2.0', id: 7, result });
    stream.handler.onEnd();
    await second.done;
    t.notMatch(second.exchange.text, /:"x"/, method);
    t.match(second.exchange.text, JSON.stringify({ jsonrpc: '2.0', id: 7, result: left }), method);
  }
});

t.test('the answer to a list does not come unfiltered over a resumed stream', async (t) => {
  const { transport, send } = gateway();
  const { exchange, done } = send('', 'GET');
  const stream = await transport.call();
  stream.beginEvents();
  stream.event({ jsonrpc: '2.0', id: 7, result: { tools: [{ name: 'a' }, { name: 'x1' }] } });
  stream.event({
    jsonrpc: '2.0',
    method: 'notifications/resources/updated',
    params: { uri: 'x:1' },
  });
  stream.handler.onEnd();
  await done;
  t.match(exchange.text, '"name":"a"');
  t.notMatch(exchange.text, /x1|x:1/);
});

t.test('subscriptions to hidden resources are never asked for', async (t) => {
  const { transport, send } = gateway();
  const _meta = { [VERSION]: '2099-01-01', [CAPABILITIES]: {} };
  const notifications = { resourceSubscriptions: ['a:1', 'x:1'] };
  const { exchange, done } = send(rpc('subscriptions/listen', { _meta, notifications }));
  const stream = await transport.call();
  t.match(stream.request.body?.toString(), '"resourceSubscriptions":["a:1"]');
  stream.beginEvents();
  stream.handler.onEnd();
  await done;
  t.equal(exchange.status, 200);
});

t.test('a batch is refused where it could carry a name past the rules', async (t) => {
  const { transport, send } = gateway();
  const batch = (method: string) => send([rpc('ping', {}), rpc(method, { name: 'ok' }, 8)]);
  for (const method of ['tools/call', 'tools/list', 'completion/complete']) {
    const { exchange, done } = batch(method);
    await done;
    t.match(exchange.json, { error: { code: -32600, message: /by itself/ } }, method);
  }
  const { exchange, done } = batch('logging/setLevel');
  (await transport.call()).answer([{ jsonrpc: '2.0', id: 7, result: {} }]);
  await done;
  t.equal(exchange.status, 200);
});

t.test('a list that cannot be filtered is not passed on', async (t) => {
  const { transport, send } = gateway();
  const { exchange, done } = send(rpc('tools/list', {}));
  (await transport.call()).answer([{ jsonrpc: '2.0', id: 7, result: { tools: [{ name: 'x1' }] } }]);
  await done;
  t.equal(exchange.status, 502);
  t.match(exchange.json, { id: 7, error: { data: { reason: 'GW_UPSTREAM_PROTOCOL' } } });
  t.notMatch(exchange.text, 'x1');
});

t.test("a key's own rules hide tools where the server's do not", async (t) => {
  const { transport, send } = gateway({ allow: ['fake/read_*'], deny: [] }, null);
  const hidden = send(rpc('tools/call', { name: 'write' }));
  await hidden.done;
  t.match(hidden.exchange.json, { error: { message: 'Unknown tool: write' } });
  const prompts = send(rpc('prompts/list', {}));
  const answer = '{"jsonrpc":"2.0","id":7,"result":{"prompts":[{"name":"x"}]}}';
  (await transport.call()).answer(answer);
  await prompts.done;
  t.equal(prompts.exchange.text, answer, 'it says nothing of prompts');
});
