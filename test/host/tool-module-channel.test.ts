import t from 'tap';
import type { CallContext, ModuleTool } from '../../src/servers/module-api.js';
import { MODERN_META, openModule } from '../support/module-fixtures/module-channel.js';

const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

const tool = (name: string, handler: ModuleTool['handler']): ModuleTool => ({
  name,
  description: name,
  inputSchema: { type: 'object' },
  handler,
});

/** A tool whose call the test holds open. */
function held() {
  let began: (context: CallContext) => void = () => undefined;
  let finish: (text: string) => void = () => undefined;
  const context = new Promise<CallContext>((resolve) => {
    began = resolve;
  });
  const handler = (_: unknown, callContext: CallContext): Promise<string> => {
    began(callContext);
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  return {
    tool: tool('held', handler),
    context,
    finish: (answer: string) => {
      finish(answer);
    },
  };
}
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

t.test('nothing comes from inside send', (t) => {
  const { send, listener } = openModule({ tools: [] });
  send({ id: 1, method: 'tools/list' });
  send({ id: 2, method: 'ping' });
  send({ id: 3, method: 'ping', params: { _meta: { ...MODERN_META, [LOG_LEVEL]: 'loud' } } });
  t.equal(listener.messages.length, 0);
  t.end();
});

t.test('ids come back with their type', async (t) => {
  const { send, listener } = openModule({ tools: [] });
  send({ id: 1, method: 'ping' });
  send({ id: '1', method: 'tools/list' });
  t.match(await listener.response(1), { id: 1, result: {} });
  t.match(await listener.response('1'), { id: '1', result: { tools: [] } });
  t.strictSame(listener.relatedIds, [1, '1']);
});

t.test('a call sees its own user, credential and documents', async (t) => {
  const { ask } = openModule(
    {
      tools: [
        tool('put', async (_, { storage, user }) => {
          await storage.put('k', user);
          return 'ok';
        }),
        tool('get', async (_, { storage, credential }) =>
          JSON.stringify([(await storage.get('k'))?.value ?? null, credential]),
        ),
      ],
    },
    (user) => (user === 'alice' ? 'secret' : null),
  );
  const textOf = async (user: string): Promise<unknown> =>
    (await ask('tools/call', { name: 'get' }, user)).result?.['content'];
  await ask('tools/call', { name: 'put' }, 'alice');
  t.strictSame(await textOf('alice'), [{ type: 'text', text: '["alice","secret"]' }]);
  t.strictSame(await textOf('bob'), [{ type: 'text', text: '[null,null]' }]);
});

t.test('many calls run at once and each gets its own answer', async (t) => {
  const waiting: (() => void)[] = [];
  const { ask } = openModule({
    tools: [
      tool('wait', async ({ n }) => {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length === 50) for (const release of waiting.reverse()) release();
        });
        return String(n);
      }),
    ],
  });
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => ask('tools/call', { name: 'wait', arguments: { n } })),
  );
  t.strictSame(
    answers.map(({ result }) => (result?.['content'] as { text: string }[])[0]?.text),
    Array.from({ length: 50 }, (_, n) => String(n)),
  );
});

for (const [how, cancel] of [
  [
    'by the channel',
    (open: ReturnType<typeof openModule>) => {
      open.channel.cancel(9);
    },
  ],
  [
    'by message',
    (open: ReturnType<typeof openModule>) => {
      open.send({ method: 'notifications/cancelled', params: { requestId: 9 } });
    },
  ],
] as const) {
  t.test(`a call cancelled ${how} is aborted and never answered`, async (t) => {
    const call = held();
    const open = openModule({ tools: [call.tool] });
    open.send({ id: 9, method: 'tools/call', params: { name: 'held' } });
    const context = await call.context;
    const { signal } = context;
    t.equal(signal.aborted, false);
    cancel(open);
    cancel(open);
    t.equal(signal.aborted, true);
    context.progress(1);
    call.finish('late');
    await turn();
    t.strictSame(open.listener.messages, []);
    t.equal((await open.ask('ping')).error, undefined);
  });
}

t.test('a call cancelled before it began does not begin', async (t) => {
  let began = false;
  const open = openModule(
    {
      tools: [
        tool('a', () => {
          began = true;
          return Promise.resolve('x');
        }),
      ],
    },
    () => 'secret',
  );
  open.send({ id: 1, method: 'tools/call', params: { name: 'a' } });
  open.channel.cancel(1);
  await turn();
  t.equal(began, false);
  t.strictSame(open.listener.messages, []);
});

t.test('an id that is in use does not answer for another request', async (t) => {
  const call = held();
  const open = openModule({ tools: [call.tool] });
  open.send({ id: 5, method: 'tools/call', params: { name: 'held' } });
  await call.context;
  open.send({ id: 5, method: 'ping' });
  await turn();
  t.strictSame(open.listener.messages, []);
  call.finish('right');
  t.match(await open.listener.response(5), { result: { content: [{ text: 'right' }] } });
  t.equal(open.listener.messages.length, 1);
});

t.test('progress goes to who asked for it, and stops with the answer', async (t) => {
  const call = held();
  const open = openModule({ tools: [call.tool] });
  const params = { name: 'held', _meta: { progressToken: 'tok' } };
  open.send({ id: 3, method: 'tools/call', params });
  const context = await call.context;
  context.progress(1, 2, 'half');
  context.progress(2);
  call.finish('done');
  await open.listener.response(3);
  context.progress(3);
  t.strictSame(
    open.listener.messages.slice(0, -1).map((message) => message.params),
    [
      { progressToken: 'tok', progress: 1, total: 2, message: 'half' },
      { progressToken: 'tok', progress: 2 },
    ],
  );
  t.strictSame(open.listener.relatedIds, [3, 3, 3]);
});

t.test('who did not ask for progress gets none', async (t) => {
  const { ask, listener } = openModule({
    tools: [
      tool('a', (_, context) => {
        context.progress(1);
        return Promise.resolve('x');
      }),
    ],
  });
  await ask('tools/call', { name: 'a' });
  t.equal(listener.messages.length, 1);
});

const chatty = tool('chatty', (_, { log }) => {
  log.debug('d');
  log.info('i', { n: 1 });
  log.warn('w');
  log.error('e');
  return Promise.resolve('x');
});

t.test('a legacy client gets logs once it set a level, from that level on', async (t) => {
  const { ask, listener } = openModule({ tools: [chatty] });
  await ask('tools/call', { name: 'chatty' });
  t.equal(listener.messages.length, 1, 'nothing unasked');
  t.strictSame((await ask('logging/setLevel', { level: 'warning' })).result, {});
  await ask('tools/call', { name: 'chatty' });
  const logs = listener.messages.filter((message) => message.method === 'notifications/message');
  t.strictSame(
    logs.map((message) => message.params),
    [
      { level: 'warning', logger: 'srv', data: 'w' },
      { level: 'error', logger: 'srv', data: 'e' },
    ],
  );
  t.match((await ask('logging/setLevel', { level: 'loud' })).error, { code: -32602 });
});

t.test('a modern client gets logs of the requests that ask for them only', async (t) => {
  const { askModern, listener } = openModule({ tools: [chatty] });
  await askModern('tools/call', { name: 'chatty' });
  t.equal(listener.messages.length, 1);
  await askModern('tools/call', { name: 'chatty' }, { 'io.modelcontextprotocol/logLevel': 'info' });
  const logs = listener.messages.filter((message) => message.method === 'notifications/message');
  t.strictSame(
    logs.map((message) => message.params?.['data']),
    [{ message: 'i', n: 1 }, 'w', 'e'],
  );
});

t.test('the gateway keeps what a call logs, at debug', async (t) => {
  const { ask, entries } = openModule({ tools: [chatty] });
  await ask('tools/call', { name: 'chatty' });
  t.match(entries[1], { level: 20, msg: 'i', moduleLevel: 'info', fields: { n: 1 } });
});

t.test(
  'listening is acknowledged with nothing, ends with the channel, and can be cancelled',
  async (t) => {
    const open = openModule({ tools: [] });
    const params = { notifications: { toolsListChanged: true }, _meta: MODERN_META };
    open.send({ id: 1, method: 'subscriptions/listen', params });
    open.send({ id: 2, method: 'subscriptions/listen', params });
    const ack = await open.listener.notification('notifications/subscriptions/acknowledged');
    t.strictSame(ack.params, {
      notifications: {},
      _meta: { 'io.modelcontextprotocol/subscriptionId': 1 },
    });
    await turn();
    open.channel.cancel(1);
    await open.channel.close();
    t.match(open.listener.messages.slice(2), [
      {
        id: 2,
        result: {
          resultType: 'complete',
          _meta: { 'io.modelcontextprotocol/subscriptionId': 2 },
        },
      },
    ]);
    t.equal(open.listener.messages.length, 3);
  },
);

t.test('listening without a filter is refused', async (t) => {
  const { askModern } = openModule({ tools: [] });
  t.match((await askModern('subscriptions/listen')).error, { code: -32602 });
});

t.test('what cannot be written as JSON is an error, not a hang', async (t) => {
  const { ask, entries } = openModule({
    tools: [
      tool('big', () => Promise.resolve({ content: [], structuredContent: { n: 1n } })),
      tool('cycle', (_, { log }) => {
        const fields: Record<string, unknown> = {};
        fields['self'] = fields;
        log.error('x', fields);
        return Promise.resolve('fine');
      }),
    ],
  });
  t.match((await ask('tools/call', { name: 'big' })).error, { code: -32603 });
  await ask('logging/setLevel', { level: 'debug' });
  t.match((await ask('tools/call', { name: 'cycle' })).result, { content: [{ text: 'fine' }] });
  t.ok(entries.some((entry) => /not JSON/.test(String(entry['msg']))));
});

t.test('closing aborts what runs and is told once', async (t) => {
  const call = held();
  const open = openModule({ tools: [call.tool] });
  open.send({ id: 1, method: 'tools/call', params: { name: 'held' } });
  const { signal } = await call.context;
  await open.channel.close();
  await open.channel.close();
  t.equal(signal.aborted, true);
  t.equal(open.listener.closes.length, 1);
  t.equal(open.gone(), 1);
  call.finish('late');
  open.send({ id: 2, method: 'ping' });
  await turn();
  t.strictSame(open.listener.messages, []);
  await open.channel.writable();
});

t.test('notifications and stray responses are taken in silence', async (t) => {
  const open = openModule({ tools: [] });
  open.send({ method: 'notifications/initialized' });
  open.send({ id: 1, result: {} });
  open.send({ method: 'notifications/cancelled', params: {} });
  await turn();
  t.strictSame(open.listener.messages, []);
});
