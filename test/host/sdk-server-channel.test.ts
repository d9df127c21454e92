import t from 'tap';
import type { ChannelOwner } from '../../src/host/channel.js';
import { SdkServerChannel } from '../../src/host/sdk-server-channel.js';
import { MODERN_META } from '../support/module-fixtures/module-channel.js';
import {
  firstGeneration,
  secondGeneration,
  waiting,
} from '../support/module-fixtures/sdk-servers.js';
import { RecordingListener, recordingLog } from '../support/stdio-fixtures/stdio-fixture.js';
import { until } from '../support/until.js';

const SESSION: ChannelOwner = { purpose: 'session', user: 'alice', credential: null };
const SHARED: ChannelOwner = { purpose: 'shared', user: '', credential: null };

function open(
  t: { teardown(release: () => unknown): void },
  createServer: () => unknown,
  owner: ChannelOwner,
) {
  const listener = new RecordingListener();
  const { log, entries } = recordingLog();
  let gone = 0;
  const channel = new SdkServerChannel({
    createServer,
    owner,
    listener,
    log,
    onGone: () => {
      gone += 1;
    },
  });
  t.teardown(() => channel.close());
  let lastId = 0;
  const send = (message: object, user: string, credential = owner.credential): void => {
    channel.send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })), {
      user,
      credential,
    });
  };
  return {
    channel,
    listener,
    entries,
    gone: () => gone,
    send,
    ask: async (
      method: string,
      params: object = {},
      user = 'alice',
      credential = owner.credential,
    ) => {
      lastId += 1;
      const id = lastId;
      send({ id, method, params }, user, credential);
      return listener.response(id);
    },
  };
}

const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'c', version: '1' },
};
const textOf = (result: Readonly<Record<string, unknown>> | undefined): unknown =>
  (result?.['content'] as { text: string }[] | undefined)?.[0]?.text;

const authInfoOf = (user: string, token: string): string =>
  JSON.stringify({ token, clientId: user, scopes: [], extra: { user } });

for (const [generation, createServer] of [
  ['first', firstGeneration],
  ['second', secondGeneration],
] as const) {
  t.test(`a legacy session with a server of the ${generation} generation works`, async (t) => {
    const { ask, listener } = open(t, createServer, SESSION);
    const { result } = await ask('initialize', INITIALIZE);
    t.match(result, { protocolVersion: '2025-11-25', serverInfo: { name: 'sdk-fixture' } });
    const call = await ask('tools/call', { name: 'echo', arguments: { text: 'hi' } });
    t.equal(textOf(call.result), 'hi from alice');
    t.strictSame(listener.relatedIds, [1, 2]);
  });

  t.test(`handlers of the ${generation} generation are told user and credential`, async (t) => {
    const users = ['alice', 'bob', 'alice', 'bob'];
    const sessions = users.map((user) =>
      open(t, createServer, { purpose: 'session', user, credential: `of-${user}` }),
    );
    const calls = await Promise.all(
      sessions.map(async ({ ask }, index) => {
        const user = users[index] ?? '';
        await ask('initialize', INITIALIZE, user);
        return ask('tools/call', { name: 'whoami' }, user);
      }),
    );
    t.strictSame(
      calls.map(({ result }) => textOf(result)),
      users.map((user) => authInfoOf(user, `of-${user}`)),
    );
  });

  t.test(`without a credential the ${generation} generation gets an empty token`, async (t) => {
    const { ask } = open(t, createServer, SESSION);
    await ask('initialize', INITIALIZE);
    const { result } = await ask('tools/call', { name: 'whoami' });
    t.equal(textOf(result), authInfoOf('alice', ''));
  });

  t.test(`a log of the ${generation} generation names the request it is about`, async (t) => {
    const { ask, listener } = open(t, createServer, SESSION);
    await ask('initialize', INITIALIZE);
    await ask('tools/call', { name: 'log' });
    const index = listener.messages.findIndex(({ method }) => method === 'notifications/message');
    t.equal(listener.relatedIds[index], 2);
    t.strictSame(listener.streamsClosed, [2]);
  });

  t.test(`a call in the ${generation} generation is aborted by a cancel`, async (t) => {
    waiting.length = 0;
    const { ask, send, channel, listener } = open(t, createServer, SESSION);
    await ask('initialize', INITIALIZE);
    send({ id: 'w', method: 'tools/call', params: { name: 'wait' } }, 'alice');
    const signal = await until(() => waiting[0], { timeoutMs: 2000, what: 'the call' });
    channel.cancel('w');
    channel.cancel('w');
    t.ok(await until(() => signal.aborted, { timeoutMs: 2000, what: 'the abort' }));
    await ask('ping');
    t.notOk(listener.messages.some(({ id }) => id === 'w'));
  });

  t.test(`closing ends a server of the ${generation} generation, and is told once`, async (t) => {
    waiting.length = 0;
    const { ask, send, channel, listener, gone } = open(t, createServer, SESSION);
    await ask('initialize', INITIALIZE);
    send({ id: 'w', method: 'tools/call', params: { name: 'wait' } }, 'alice');
    const signal = await until(() => waiting[0], { timeoutMs: 2000, what: 'the call' });
    await channel.close();
    await channel.close();
    t.equal(signal.aborted, true);
    t.equal(listener.closes.length, 1);
    t.match(listener.closes[0], { code: 'GW_UPSTREAM_UNREACHABLE', message: /was closed/ });
    t.equal(gone(), 1);
    send({ id: 9, method: 'ping' }, 'alice');
  });
}

t.test('one server of the second generation serves the modern requests of all users', async (t) => {
  let built = 0;
  const { ask } = open(t, () => ((built += 1), secondGeneration()), SHARED);
  const { result } = await ask('server/discover', { _meta: MODERN_META });
  t.match(result, { resultType: 'complete', supportedVersions: ['2026-07-28'] });
  const calls = await Promise.all(
    ['alice', 'bob', 'carol'].map((user) =>
      ask('tools/call', { name: 'echo', arguments: { text: 'hi' }, _meta: MODERN_META }, user),
    ),
  );
  t.strictSame(
    calls.map((call) => textOf(call.result)),
    ['hi from alice', 'hi from bob', 'hi from carol'],
  );
  t.equal(built, 1);
});

t.test('modern requests in flight together keep their own user and credential', async (t) => {
  const { ask } = open(t, secondGeneration, SHARED);
  const users = ['alice', 'bob', 'alice', 'carol', 'bob'];
  const whoami = { name: 'whoami', _meta: MODERN_META };
  const calls = await Promise.all(
    users.map((user) => ask('tools/call', whoami, user, user === 'carol' ? null : `of-${user}`)),
  );
  t.strictSame(
    calls.map(({ result }) => textOf(result)),
    users.map((user) => authInfoOf(user, user === 'carol' ? '' : `of-${user}`)),
  );
});

t.test('a modern log names its request, and a modern cancel aborts', async (t) => {
  waiting.length = 0;
  const { ask, send, channel, listener } = open(t, secondGeneration, SHARED);
  const meta = { ...MODERN_META, 'io.modelcontextprotocol/logLevel': 'debug' };
  await ask('tools/call', { name: 'log', _meta: meta });
  const index = listener.messages.findIndex(({ method }) => method === 'notifications/message');
  t.equal(listener.relatedIds[index], 1);
  send({ id: 'w', method: 'tools/call', params: { name: 'wait', _meta: MODERN_META } }, 'bob');
  const signal = await until(() => waiting[0], { timeoutMs: 2000, what: 'the call' });
  channel.cancel('w');
  t.ok(await until(() => signal.aborted, { timeoutMs: 2000, what: 'the abort' }));
});

t.test(
  'a server of the first generation says that it does not know the modern revision',
  async (t) => {
    const { ask } = open(t, firstGeneration, { purpose: 'probe', user: '', credential: null });
    t.match((await ask('server/discover', { _meta: MODERN_META })).error, { code: -32601 });
  },
);

t.test('a probe that ends in a legacy opening gets a fresh server', async (t) => {
  const { ask } = open(t, secondGeneration, { purpose: 'probe', user: '', credential: null });
  await ask('server/discover', { _meta: MODERN_META });
  t.match((await ask('initialize', INITIALIZE)).result, { protocolVersion: '2025-11-25' });
});

for (const [what, createServer] of [
  [
    'throws',
    () => {
      throw new Error('no licence');
    },
  ],
  ['returns something else', () => ({ hello: 1 })],
] as const) {
  t.test(
    `a createServer that ${what} closes the channel, with the reason in the log`,
    async (t) => {
      const { listener, entries, send } = open(t, createServer, SESSION);
      send({ id: 1, method: 'ping' }, 'alice');
      t.equal(listener.closes.length, 0, 'not from inside the constructor');
      t.match(await listener.closed(), { code: 'GW_UPSTREAM_UNREACHABLE' });
      t.match(entries, [{ level: 50, msg: 'module server could not be connected' }]);
      t.strictSame(listener.messages, []);
    },
  );
}

t.test('a channel closed while it connects leaves no server behind', async (t) => {
  const server = secondGeneration();
  const { channel, listener } = open(t, () => server, SESSION);
  await channel.close();
  t.equal(listener.closes.length, 1);
  await until(() => !server.isConnected(), { timeoutMs: 2000, what: 'the end of the server' });
});

t.test('a server that closes the connection itself is told', async (t) => {
  const server = secondGeneration();
  const { ask, listener } = open(t, () => server, SESSION);
  await ask('initialize', INITIALIZE);
  await server.close();
  t.match(await listener.closed(), { message: /It closed the connection/ });
});

const NOT_JSON = { rows: 10n };

for (const [generation, createServer, withRows] of [
  [
    'first',
    firstGeneration,
    () => {
      const server = firstGeneration();
      server.registerTool('rows', {}, () => ({ content: [], _meta: NOT_JSON }));
      return server;
    },
  ],
  [
    'second',
    secondGeneration,
    () => {
      const server = secondGeneration();
      server.registerTool('rows', {}, () => ({ content: [], _meta: NOT_JSON }));
      return server;
    },
  ],
] as const) {
  t.test(`an onerror that throws, ${generation} generation, ends nothing else`, async (t) => {
    const thrower = (): object => {
      const server = createServer();
      server.server.onerror = () => {
        throw new Error('onerror is broken');
      };
      return server;
    };
    const { ask, send, entries } = open(t, thrower, SESSION);
    await ask('initialize', INITIALIZE);
    // The answer to a question that the server never asked, which any client may send.
    send({ id: 4711, result: {} }, 'alice');
    t.match((await ask('ping')).result, {});
    t.match(entries, [{ level: 50, msg: 'module server threw at a message' }]);
  });

  t.test(`a result that is not JSON, ${generation} generation, is an error at once`, async (t) => {
    const { ask, entries } = open(t, withRows, SESSION);
    await ask('initialize', INITIALIZE);
    const { error } = await ask('tools/call', { name: 'rows', arguments: {} });
    t.match(error, { code: -32603 });
    t.match(entries, [{ level: 50, msg: 'module server answered something that is not JSON' }]);
  });
}

t.test('a server whose onclose throws is told to have closed all the same', async (t) => {
  const server = secondGeneration();
  server.server.onclose = () => {
    throw new Error('onclose is broken');
  };
  const { ask, listener } = open(t, () => server, SESSION);
  await ask('initialize', INITIALIZE);
  await t.rejects(server.close(), { message: 'onclose is broken' });
  t.match(await listener.closed(), { message: /It closed the connection/ });
});
