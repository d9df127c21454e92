import t from 'tap';
import type { ChannelOwner } from '../../src/host/channel.js';
import { LegacySseSource, type LegacySseSourceOptions } from '../../src/host/legacy-sse-source.js';
import { startLegacySseServer, type LegacySseServer } from '../support/legacy-sse-server.js';
import { RecordingListener } from '../support/stdio-fixtures/stdio-fixture.js';
import { until, within } from '../support/until.js';

interface Teardown {
  teardown(release: () => unknown): void;
}
const ALICE: ChannelOwner = { purpose: 'session', user: 'alice', credential: null };
const WAIT = { timeoutMs: 20_000 };
const OPENING = {
  protocolVersion: '2024-11-05',
  capabilities: {},
  clientInfo: { name: 'c', version: '1' },
};

async function startServer(t: Teardown, port?: number): Promise<LegacySseServer> {
  const server = await startLegacySseServer(port);
  t.teardown(() => server.close());
  return server;
}

function sourceOf(
  t: Teardown,
  server: LegacySseServer,
  options: Partial<LegacySseSourceOptions> = {},
): LegacySseSource {
  const source = new LegacySseSource({
    url: server.url,
    headers: {},
    credentialHeader: null,
    ...options,
  });
  t.teardown(() => source.close());
  return source;
}

function open(source: LegacySseSource, owner: ChannelOwner = ALICE) {
  const listener = new RecordingListener();
  const channel = source.open(owner, listener);
  let lastId = 0;
  const send = (message: object): boolean =>
    channel.send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })), owner);
  const ask = async (method: string, params: object = {}) => {
    lastId += 1;
    send({ id: lastId, method, params });
    return within(WAIT.timeoutMs, method, listener.response(lastId));
  };
  const initialize = async () => {
    const answer = await ask('initialize', OPENING);
    send({ method: 'notifications/initialized' });
    return answer;
  };
  return {
    channel,
    listener,
    send,
    ask,
    initialize,
    closed: () => within(WAIT.timeoutMs, 'the end', listener.closed()),
  };
}

t.test('a session is opened and its calls are answered', async (t) => {
  const source = sourceOf(t, await startServer(t));
  const { initialize, ask, send, listener } = open(source);
  send({ id: 'early', method: 'ping' });
  t.match(await initialize(), {
    result: { protocolVersion: '2024-11-05', serverInfo: { name: 'old' } },
  });
  t.match(await ask('tools/call', { name: 'echo', arguments: { text: 'hé' } }), {
    result: { content: [{ text: 'hé' }] },
  });
  t.ok(await listener.response('early'), 'what was sent before the stream stood is not lost');
  t.match(source.status(), { kind: 'sse', state: 'ready', reason: null, openCount: 1 });
});

t.test('sessions do not hear each other', async (t) => {
  const source = sourceOf(t, await startServer(t));
  const [alice, bob] = [open(source), open(source, { ...ALICE, user: 'bob' })];
  await Promise.all([alice.initialize(), bob.initialize()]);
  const said = (text: string) => ({ name: 'echo', arguments: { text } });
  const answers = await Promise.all([
    alice.ask('tools/call', said('a')),
    bob.ask('tools/call', said('b')),
  ]);
  t.match(answers, [
    { result: { content: [{ text: 'a' }] } },
    { result: { content: [{ text: 'b' }] } },
  ]);
  t.equal(alice.listener.messages.length, 2);
  t.equal(bob.listener.messages.length, 2);
});

t.test('progress of a call comes before its answer', async (t) => {
  const { initialize, ask, listener } = open(sourceOf(t, await startServer(t)));
  await initialize();
  await ask('tools/call', { name: 'work', _meta: { progressToken: 'p7' } });
  t.match(listener.messages.slice(1), [
    { method: 'notifications/progress', params: { progressToken: 'p7', progress: 1, total: 2 } },
    { id: 2, result: {} },
  ]);
});

t.test('a cancellation aborts the call that it names', async (t) => {
  const server = await startServer(t);
  const { initialize, send, ask, listener } = open(sourceOf(t, server));
  await initialize();
  send({ id: 'w', method: 'tools/call', params: { name: 'wait' } });
  const signal = await until(() => server.waiting[0], { ...WAIT, what: 'the call' });
  send({ method: 'notifications/cancelled', params: { requestId: 'w' } });
  t.ok(await until(() => signal.aborted, { ...WAIT, what: 'the abort' }));
  await ask('ping');
  t.notOk(listener.messages.some(({ id }) => id === 'w'));
});

t.test('the headers of the operator go out with the stream and with every message', async (t) => {
  const server = await startServer(t);
  const { initialize } = open(sourceOf(t, server, { headers: { 'X-Api-Key': 'operator' } }));
  await initialize();
  await until(() => server.seen.length === 3, { ...WAIT, what: 'the second message' });
  t.strictSame(
    server.seen.map(({ verb, headers }) => [verb, headers['x-api-key']]),
    [
      ['GET', 'operator'],
      ['POST', 'operator'],
      ['POST', 'operator'],
    ],
  );
});

t.test("a user's credential takes the place of the operator's header of that name", async (t) => {
  const server = await startServer(t);
  const source = sourceOf(t, server, {
    headers: { Authorization: 'Bearer operator', 'x-site': 'one' },
    credentialHeader: { name: 'authorization', prefix: 'Bearer ' },
  });
  for (const user of ['alice', 'bob']) {
    const { initialize } = open(source, { purpose: 'session', user, credential: `of-${user}` });
    const before = server.seen.length;
    await initialize();
    await until(() => server.seen.length === before + 3, { ...WAIT, what: 'the messages' });
    for (const { verb, headers } of server.seen.slice(before)) {
      t.equal(headers.authorization, `Bearer of-${user}`, verb);
      t.equal(headers['x-site'], 'one', verb);
    }
  }
});

t.test(
  'a server that goes away ends its sessions, and serves new ones when it is back',
  async (t) => {
    const first = await startServer(t);
    const source = sourceOf(t, first);
    const lost = open(source);
    await lost.initialize();
    await first.close();
    t.match(await lost.closed(), { code: 'GW_UPSTREAM_UNREACHABLE' });
    t.equal(source.openCount, 0);
    t.equal(lost.send({ id: 9, method: 'ping' }), true, 'nobody waits for a channel that is gone');
    await lost.channel.writable();

    const refused = open(source);
    await refused.closed();
    await refused.channel.close();
    t.match(source.status(), { state: 'failing', reason: /./u, openCount: 0 });

    await startServer(t, first.port);
    const back = open(source);
    t.match(await back.initialize(), { result: { serverInfo: { name: 'old' } } });
    t.match(source.status(), { state: 'ready', reason: null, openCount: 1 });
    t.equal(lost.listener.closes.length, 1);
  },
);

t.test('a stream that the server ends ends its session, and no other is opened', async (t) => {
  const server = await startServer(t);
  const source = sourceOf(t, server);
  const { initialize, ask, closed } = open(source);
  await initialize();
  await ask('ping');
  for (const stream of server.streams) stream.end();
  t.match(await closed(), { code: 'GW_UPSTREAM_UNREACHABLE' });
  t.equal(source.openCount, 0);
  t.equal(source.status().state, 'ready', 'it could be opened');
  t.equal(server.seen.filter(({ verb }) => verb === 'GET').length, 1);
});

t.test('a session that the server does not know any more is over', async (t) => {
  const server = await startServer(t);
  const { initialize, send, closed } = open(sourceOf(t, server));
  await initialize();
  server.refuse(404);
  send({ id: 5, method: 'ping' });
  t.match(await closed(), { code: 'GW_UPSTREAM_UNREACHABLE' });
});

t.test('a message that the server refuses fails alone, and its session goes on', async (t) => {
  const server = await startServer(t);
  const source = sourceOf(t, server);
  const { initialize, send, ask, listener } = open(source);
  await initialize();
  send({ id: 'w', method: 'tools/call', params: { name: 'wait' } });
  await until(() => server.waiting[0], { ...WAIT, what: 'a call under way' });
  for (const status of [400, 413, 429, 500]) {
    server.refuse(status);
    t.match(await ask('tools/list'), {
      error: { code: -32011, message: new RegExp(`HTTP ${status}`) },
    });
    send({ method: 'notifications/roots/list_changed' });
    server.refuse(null);
    t.match(await ask('ping'), { result: {} }, String(status));
  }
  t.strictSame(listener.closes, []);
  t.equal(server.waiting[0]?.aborted, false, 'nothing else was lost');
  t.match(source.status(), { state: 'ready', openCount: 1 });
});

t.test(
  'a session that the server refuses to begin is over, and so is a refused probe',
  async (t) => {
    const server = await startServer(t);
    const source = sourceOf(t, server);
    const begun = open(source);
    const probe = open(source, { ...ALICE, purpose: 'probe' });
    await until(() => server.streams.size === 2, { ...WAIT, what: 'the streams' });
    server.refuse(500);
    begun.send({ id: 1, method: 'initialize', params: OPENING });
    probe.send({ id: 1, method: 'tools/list' });
    t.match(await begun.closed(), { code: 'GW_UPSTREAM_UNREACHABLE' });
    t.match(await probe.closed(), { code: 'GW_UPSTREAM_UNREACHABLE' });
  },
);

t.test("only a refused user's credential leaves the server in good standing", async (t) => {
  const server = await startServer(t);
  server.refuse(401);
  const ofUsers = sourceOf(t, server, {
    credentialHeader: { name: 'authorization', prefix: 'Bearer ' },
  });
  await open(ofUsers, { ...ALICE, credential: 'wrong' }).closed();
  t.equal(ofUsers.status().state, 'ready');
  const ofOperator = sourceOf(t, server);
  await open(ofOperator).closed();
  t.match(ofOperator.status(), { state: 'failing', reason: /401/ });
});

t.test('"initialized" arrives before what its client sends after it', async (t) => {
  const server = await startServer(t);
  let release = (): void => undefined;
  server.hold('notifications/initialized', new Promise((resolve) => (release = resolve)));
  const { initialize, ask } = open(sourceOf(t, server));
  await initialize();
  const listed = ask('tools/list');
  await until(() => server.seen.length >= 3, { ...WAIT, what: 'the notification' });
  // A message that did not wait is on its way by now, over a connection of its own.
  const probe = await fetch(new URL('/none', server.url), { method: 'POST', body: '{}' });
  t.equal(probe.status, 404);
  release();
  await listed;
  t.strictSame(
    server.handled.filter((method) => method !== ''),
    ['initialize', 'notifications/initialized', 'tools/list'],
  );
});

t.test('an answer overtakes the notification on which the server asked for it', async (t) => {
  const server = await startServer(t);
  let release = (): void => undefined;
  const answered = new Promise<void>((resolve) => (release = resolve));
  server.hold('notifications/roots/list_changed', answered);
  const { initialize, send, ask } = open(sourceOf(t, server));
  await initialize();
  send({ method: 'notifications/roots/list_changed' });
  await until(() => server.seen.at(-1)?.method === 'notifications/roots/list_changed', {
    ...WAIT,
    what: 'the notification',
  });
  send({ id: 'asked', result: { roots: [] } });
  await until(() => server.seen.at(-1)?.body.includes('asked') === true, {
    ...WAIT,
    what: 'the answer',
  });
  release();
  t.match(await ask('tools/list'), { result: { tools: [] } });
});

t.test('a burst waits for a slow server instead of ending the session', async (t) => {
  const server = await startServer(t);
  const { initialize, send, channel, listener } = open(sourceOf(t, server));
  await initialize();
  let release = (): void => undefined;
  server.hold('ping', new Promise((resolve) => (release = resolve)));
  const burst = async (): Promise<void> => {
    for (let id = 100; id < 400; id += 1) {
      if (!send({ id, method: 'ping' })) await channel.writable();
    }
  };
  const sent = burst();
  await until(() => server.seen.length >= 40, { ...WAIT, what: 'messages that are held' });
  release();
  await within(WAIT.timeoutMs, 'the burst', sent);
  await until(() => listener.messages.length === 301, { ...WAIT, what: 'all answers' });
  t.strictSame(listener.closes, []);
});

/** What a parser of JavaScript would change: digits, the sign of a zero, spelling, the order of keys. */
const EXACT =
  '{"b":1152921504606846977,"2":-9223372036854775808,"1":1000000000000000000000000000001,"z":-0.0,"f":1.0,"e":1e400}';

t.test('a message reaches the server byte for byte', async (t) => {
  const server = await startServer(t);
  const { initialize, channel } = open(sourceOf(t, server));
  await initialize();
  const call = `{"jsonrpc":"2.0","id":"big","method":"tools/call","params":{"name":"echo","arguments":${EXACT}}}`;
  channel.send(Buffer.from(call), ALICE);
  await until(() => server.seen.some(({ method }) => method === 'tools/call'), {
    ...WAIT,
    what: 'the call',
  });
  t.equal(server.seen.find(({ method }) => method === 'tools/call')?.body, call);
});

t.test('a message of the server arrives byte for byte, however its event is written', async (t) => {
  const server = await startServer(t);
  const { initialize, listener } = open(sourceOf(t, server));
  await initialize();
  const [stream] = server.streams;
  const answer = (id: number): string =>
    `{"jsonrpc":"2.0","id":${id},"result":{"structuredContent":${EXACT},"ü":"\u2028\u00fc"},"extra":true}`;
  stream?.write(`: hello\n\nevent: message\ndata: ${answer(71)}\n\n`);
  stream?.write(`id: 5\r\nevent: message\r\ndata:${answer(72)}\r\n\r\n`);
  stream?.write(`event: other\ndata: ${answer(70)}\n\ndata: ${answer(73)}\r\r`);
  const inLines = answer(74).replace(',"result"', '\n,"result"');
  stream?.write(`data: ${inLines.replace('\n', '\ndata: ')}\n\n`);
  const cutInTwo = Buffer.from(`data: ${answer(75)}\n\n`);
  const insideTheLetter = cutInTwo.indexOf('ü') + 1;
  stream?.write(cutInTwo.subarray(0, insideTheLetter));
  await listener.response(74);
  stream?.write(cutInTwo.subarray(insideTheLetter));
  await within(WAIT.timeoutMs, 'the last', listener.response(75));
  t.strictSame(listener.bytes.slice(1).map(String), [
    answer(71),
    answer(72),
    answer(73),
    inLines.replace('\n', ' '),
    answer(75),
  ]);
});

t.test('an event that is no message is dropped and counted', async (t) => {
  const server = await startServer(t);
  const source = sourceOf(t, server);
  const { initialize, ask } = open(source);
  await initialize();
  for (const stream of server.streams) {
    stream.write('data: hello\n\n');
    stream.write('data: {"jsonrpc":"2.0"}\n\n');
  }
  t.match(await ask('ping'), { result: {} });
  t.equal(source.status().droppedLines, 2);
});

t.test('an event without an end is given up at the bound, and said to be too long', async (t) => {
  const server = await startServer(t);
  const source = sourceOf(t, server, { maxEventBytes: 64 * 1024 });
  const { initialize, ask, closed } = open(source);
  await initialize();
  t.match(await ask('tools/call', { name: 'echo', arguments: { text: 'x'.repeat(60_000) } }), {
    result: { content: [{ type: 'text' }] },
  });
  const [stream] = server.streams;
  stream?.write('data: ');
  for (let chunks = 0; chunks < 64; chunks += 1) stream?.write('y'.repeat(16 * 1024));
  t.match(await closed(), {
    code: 'GW_UPSTREAM_PROTOCOL',
    message: /event longer than 65536 bytes/,
  });
  t.equal(source.openCount, 0);
});

t.test('closing ends the stream, is told once, and opens nothing more', async (t) => {
  const server = await startServer(t);
  const source = sourceOf(t, server);
  const { initialize, channel, listener } = open(source);
  await initialize();
  await channel.close();
  await channel.close();
  t.match(listener.closes, [{ code: 'GW_UPSTREAM_UNREACHABLE', message: /was closed/ }]);
  await until(() => [...server.streams].every((stream) => stream.destroyed), {
    ...WAIT,
    what: 'the end of the stream',
  });
  t.equal(source.openCount, 0);
  await source.close();
  t.throws(() => source.open(ALICE, new RecordingListener()), { code: 'GW_DRAINING' });
});
