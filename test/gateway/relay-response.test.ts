import t from 'tap';
import { OpenRelays } from '../../src/gateway/open-relays.js';
import { relayResponse, type RelayOptions } from '../../src/gateway/relay-response.js';
import { GatewayError, type ErrorCode } from '../../src/kernel/errors.js';
import { FakeExchange } from '../support/fake-exchange.js';
import { FakeTransport } from '../support/fake-transport.js';
import { within } from '../support/until.js';

const answer = { jsonrpc: '2.0', id: 1, result: { ok: true } };
const PROGRESS_EVENT = 'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n';

function relay(options: Partial<RelayOptions> = {}) {
  const exchange = new FakeExchange();
  const transport = new FakeTransport();
  const openRelays = new OpenRelays(10_000);
  const result = relayResponse({
    exchange,
    transport,
    openRelays,
    request: {
      method: 'POST',
      headers: [],
      body: null,
      user: 'ana',
      credential: null,
      headTimeoutMs: 0,
      idleTimeoutMs: 0,
    },
    streamIdleTimeoutMs: 0,
    streamMaxMs: 0,
    sseHeartbeatMs: 10_000,
    id: 1,
    requestId: 'r-1',
    isListening: false,
    keyId: null,
    refusalNow: null,
    sealSession: (id) => `sealed-${id}`,
    ...options,
  });
  return { exchange, transport, openRelays, result };
}

async function refusal(result: Promise<unknown>): Promise<string> {
  try {
    await result;
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code;
  }
  return 'none';
}

t.test('a JSON answer arrives unchanged, with its status and headers, in one reply', async (t) => {
  const { exchange, transport, result, openRelays } = relay();
  const text = '{"jsonrpc":"2.0","id":1,"result":{"big":12345678901234567890,"one":1.0}}';
  const call = await transport.call();
  call.answer(text, 200, [
    'mcp-session-id',
    'up',
    'content-language',
    'en',
    'set-cookie',
    'a=b',
    'connection',
    'x',
  ]);
  t.match(await result, { status: 200, outcome: 'answered', isStream: false, bytes: text.length });
  t.equal(exchange.text, text);
  t.match(exchange.replyHeaders, {
    'mcp-session-id': 'sealed-up',
    'content-language': 'en',
    'x-request-id': 'r-1',
  });
  t.notOk('set-cookie' in exchange.replyHeaders || 'connection' in exchange.replyHeaders);
  t.equal(openRelays.size, 0);
});

t.test('an answer that is no JSON-RPC, or for another id, is never passed on', async (t) => {
  for (const body of [
    '<html>',
    '{"jsonrpc":"2.0","id":2,"result":{}}',
    '{"jsonrpc":"2.0","id":"1","result":{}}',
    '',
  ]) {
    const { exchange, transport, result } = relay();
    (await transport.call()).answer(body);
    t.equal(await refusal(result), 'GW_UPSTREAM_PROTOCOL', body);
    t.equal(exchange.replies, 0);
  }
});

t.test("an error of the upstream host's own reaches the client, and is the outcome", async (t) => {
  const told = new GatewayError('GW_UPSTREAM_TIMEOUT');
  const error = '{"jsonrpc":"2.0","id":1,"error":{"code":-32010,"message":"late"}}';
  for (const [status, type, text] of [
    [504, 'application/json', error],
    [200, 'text/event-stream', `data: ${error}\n\n`],
  ] as const) {
    const { exchange, transport, result } = relay();
    const { handler } = await transport.call();
    handler.onHead(status, ['content-type', type]);
    handler.onData(Buffer.from(text));
    handler.onEnd(told);
    t.match(await result, { status, outcome: told });
    t.equal(exchange.text, text);
  }
});

t.test('media types are told apart whatever their case', async (t) => {
  for (const type of ['Application/JSON; Charset=UTF-8', 'Text/Event-Stream']) {
    const { exchange, transport, result } = relay();
    const { handler } = await transport.call();
    const text = type.startsWith('T')
      ? `data: ${JSON.stringify(answer)}\n\n`
      : JSON.stringify(answer);
    handler.onHead(200, ['content-type', type]);
    handler.onData(Buffer.from(text));
    handler.onEnd();
    t.match(await result, { outcome: 'answered', isStream: type.startsWith('T') });
    t.equal(exchange.text, text);
  }
});

t.test('heads that must not reach a client are refused before any byte', async (t) => {
  const cases: readonly (readonly [number, readonly string[], string])[] = [
    [302, ['location', 'http://169.254.169.254/'], 'GW_UPSTREAM_PROTOCOL'],
    [401, ['content-type', 'application/json'], 'GW_UPSTREAM_UNREACHABLE'],
    [200, ['content-type', 'application/json', 'content-encoding', 'gzip'], 'GW_UPSTREAM_PROTOCOL'],
    [200, ['content-type', 'text/html'], 'GW_UPSTREAM_PROTOCOL'],
    [500, ['content-type', 'text/html'], 'GW_UPSTREAM_PROTOCOL'],
    [600, ['content-type', 'application/json'], 'GW_UPSTREAM_PROTOCOL'],
  ];
  for (const [status, headers, code] of cases) {
    const { exchange, transport, result } = relay();
    const call = await transport.call();
    call.handler.onHead(status, headers);
    t.equal(await refusal(result), code, `${status}`);
    t.ok(call.isAborted);
    t.equal(exchange.replies, 0);
  }
});

t.test('a 404 keeps its status and body, because it tells the client to start anew', async (t) => {
  const { exchange, transport, result } = relay();
  (await transport.call()).answer(
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"gone"}}',
    404,
  );
  t.match(await result, { status: 404, outcome: 'answered' });
  t.match(exchange.json, { error: { code: -32001 } });
});

t.test('events pass one by one and whole, however the bytes were cut', async (t) => {
  const { exchange, transport, result } = relay();
  const call = await transport.call();
  call.beginEvents();
  t.equal(exchange.replyHeaders['x-accel-buffering'], 'no');
  call.handler.onData(Buffer.from('event: message\ndata: {"a"'));
  t.equal(exchange.text, '');
  call.handler.onData(Buffer.from(':1}\n\ndata: '));
  t.equal(exchange.text, 'event: message\ndata: {"a":1}\n\n');
  call.handler.onData(Buffer.from(`${JSON.stringify(answer)}\n\n`));
  call.handler.onEnd();
  t.match(await result, { outcome: 'answered', isStream: true });
  t.ok(exchange.isEnded);
});

t.test(
  'a stream that breaks ends with an error for its id, and only if it was not answered',
  async (t) => {
    const broken = new GatewayError('GW_UPSTREAM_UNREACHABLE');
    const first = relay();
    const cut = await first.transport.call();
    cut.beginEvents();
    cut.event({ jsonrpc: '2.0', method: 'notifications/progress', params: {} });
    cut.handler.onData(Buffer.from('data: {"half'));
    cut.handler.onError(broken);
    t.match(await first.result, { outcome: broken });
    t.match(first.exchange.text, /"id":1,"error":\{"code":-32011/);
    t.notMatch(first.exchange.text, /half/);

    const second = relay();
    const answered = await second.transport.call();
    answered.beginEvents();
    answered.event(answer);
    answered.handler.onError(broken);
    await second.result;
    t.notMatch(second.exchange.text, /error/);
  },
);

t.test('a stream that ends without the answer says so, unless it may come elsewhere', async (t) => {
  const progress = 'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n';
  const endedAfter = async (text: string, options: Partial<RelayOptions> = {}) => {
    const { exchange, transport, result } = relay(options);
    const call = await transport.call();
    call.beginEvents();
    if (text !== '') call.handler.onData(Buffer.from(text));
    call.handler.onEnd();
    t.ok(exchange.isEnded);
    const { outcome } = (await result) as { readonly outcome: unknown };
    return { said: exchange.text.slice(text.length), outcome };
  };
  for (const text of [
    '',
    ': open\n\n',
    progress,
    `${progress}data: {"jsonrpc":"2.0","id":1,"res`,
  ]) {
    const { said, outcome } = await endedAfter(text);
    t.match(said, /"id":1,"error":.*ended without the answer/);
    t.match(outcome, { code: 'GW_UPSTREAM_PROTOCOL' });
  }
  const long = { ...answer, result: { text: 'x'.repeat(10_000) } };
  for (const text of [
    `data: ${JSON.stringify(answer)}\n\n`,
    `${progress}data: ${JSON.stringify(long)}\n\n`,
    `data: ${JSON.stringify(answer)}\n\n${progress}`,
    `data: ${JSON.stringify(answer, null, 1).replaceAll('\n', '\ndata: ')}\n\n`,
    'id: 7\ndata: \n\n',
    `${progress}id: 7\n${progress}`,
    `data: ${JSON.stringify(answer)}`,
  ]) {
    t.match(await endedAfter(text), { said: '', outcome: 'answered' });
  }
  const { exchange, transport, result } = relay();
  const call = await transport.call();
  call.beginEvents();
  call.event(answer);
  for (const later of [progress, ': ping\n\n']) call.handler.onData(Buffer.from(later));
  call.handler.onEnd();
  t.match(await result, { outcome: 'answered' }, 'whatever comes after it');
  t.notMatch(exchange.text, /"error"/);
  t.match(await endedAfter(progress, { isListening: true }), { outcome: 'answered' });
  t.match(await endedAfter(progress, { id: null }), { outcome: 'answered' });
});

t.test('a client that leaves ends the upstream exchange at once and only once', async (t) => {
  for (const when of ['before the head', 'in the stream'] as const) {
    const { exchange, transport, result, openRelays } = relay();
    const call = await transport.call();
    if (when === 'in the stream') call.beginEvents();
    exchange.abort();
    t.match(await result, { outcome: 'client-closed' });
    t.ok(call.isAborted);
    t.equal(openRelays.size, 0);
    call.event(answer);
    call.handler.onEnd();
    t.equal(exchange.text, '');
  }
});

t.test('back-pressure of the client pauses the upstream until it drains', async (t) => {
  const { exchange, transport, result } = relay();
  const call = await transport.call();
  call.beginEvents();
  exchange.isWritable = false;
  t.equal(call.event(answer), false);
  exchange.drain();
  t.equal(call.resumes, 1);
  call.handler.onEnd();
  await result;
});

t.test('a long JSON answer is streamed, not collected', async (t) => {
  const { exchange, transport, result } = relay();
  const call = await transport.call();
  call.handler.onHead(200, ['content-type', 'application/json']);
  for (let i = 0; i < 10; i += 1) call.handler.onData(Buffer.alloc(20_000, 0x20));
  t.equal(exchange.text.length, 200_000);
  call.handler.onEnd();
  t.match(await result, { isStream: true, bytes: 200_000 });
});

t.test(
  'a deadline that comes while the client takes nothing is the end of the client',
  async (t) => {
    const half = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":"${'x'.repeat(200_000)}`);
    const late = relay();
    late.exchange.isWritable = false;
    const call = await late.transport.call();
    call.handler.onHead(200, ['content-type', 'application/json']);
    call.handler.onData(half);
    late.openRelays.expire(Infinity);
    t.match(await late.result, { outcome: 'client-closed' });
    t.ok(late.exchange.isCut, 'half an answer never ends like a whole one');
    t.ok(call.isAborted);

    const taken = relay();
    taken.exchange.isWritable = false;
    const { handler } = await taken.transport.call();
    handler.onHead(200, ['content-type', 'application/json']);
    handler.onData(half);
    taken.exchange.drain();
    taken.openRelays.expire(Infinity);
    t.match(
      await taken.result,
      { outcome: { code: 'GW_UPSTREAM_TIMEOUT' } },
      'now the server owes',
    );
  },
);

t.test('a long JSON answer that breaks off is cut off, whatever broke it', async (t) => {
  const half = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":"${'x'.repeat(200_000)}`);
  const breaks: Readonly<Record<string, (begun: ReturnType<typeof relay>) => void>> = {
    'an error of the transport': ({ transport }) => {
      transport.calls[0]?.handler.onError(new GatewayError('GW_UPSTREAM_UNREACHABLE'));
    },
    'the end of its connection': ({ transport }) => {
      transport.calls[0]?.handler.onEnd();
    },
    'its time': ({ openRelays }) => {
      openRelays.expire(Infinity);
    },
    'a drain': ({ openRelays }) => {
      openRelays.endAll(new GatewayError('GW_DRAINING'), 'all');
    },
  };
  for (const [name, cause] of Object.entries(breaks)) {
    for (const last of [half, Buffer.from(':')]) {
      const begun = relay();
      const call = await begun.transport.call();
      call.handler.onHead(200, ['content-type', 'application/json']);
      call.handler.onData(half);
      if (last !== half) call.handler.onData(last);
      cause(begun);
      t.ok(begun.exchange.isCut, name);
      const { outcome } = await begun.result;
      t.ok(outcome instanceof GatewayError, `${name}: no success`);
    }
  }
  const whole = relay();
  const call = await whole.transport.call();
  call.handler.onHead(200, ['content-type', 'application/json']);
  call.handler.onData(half);
  call.handler.onData(Buffer.from('"}\n'));
  call.handler.onEnd();
  t.match(await whole.result, { outcome: 'answered' });
  t.notOk(whole.exchange.isCut);
});

t.test('a call whose over-long event breaks off is cut off; what listens just ends', async (t) => {
  const half = Buffer.from(`data: {"jsonrpc":"2.0","id":1,"result":"${'x'.repeat(300_000)}`);
  for (const isListening of [false, true]) {
    for (const how of ['error', 'end'] as const) {
      const { exchange, transport, result } = relay({ isListening });
      const call = await transport.call();
      call.beginEvents();
      call.handler.onData(half);
      if (how === 'end') call.handler.onEnd();
      else call.handler.onError(new GatewayError('GW_UPSTREAM_UNREACHABLE'));
      await result;
      t.ok(exchange.isEnded);
      t.equal(exchange.isCut, !isListening, `${how}, listening: ${isListening}`);
    }
  }
});

t.test(
  'a call that was read too slowly is cut off without a word, so that it can be resumed',
  async (t) => {
    for (const isListening of [false, true]) {
      const { exchange, transport, result } = relay({ isListening });
      const call = await transport.call();
      call.beginEvents();
      call.handler.onData(Buffer.from(`id: 1-1\n${PROGRESS_EVENT}`));
      call.handler.onError(new GatewayError('GW_SLOW_READER'));
      t.match(await result, { outcome: { code: 'GW_SLOW_READER' } });
      t.notMatch(exchange.text, '"error"');
      t.equal(exchange.isCut, !isListening);
    }
  },
);

t.test('a call that was read too slowly and cannot be resumed is told so at once', async (t) => {
  const { exchange, transport, result } = relay();
  const call = await transport.call();
  call.beginEvents();
  call.handler.onData(Buffer.from(PROGRESS_EVENT));
  call.handler.onError(new GatewayError('GW_SLOW_READER'));
  t.match(await result, { outcome: { code: 'GW_SLOW_READER' } });
  t.match(exchange.text, '"reason":"GW_SLOW_READER"');
  t.notOk(exchange.isCut, 'its client would wait for an answer until its own timeout');
  t.ok(exchange.isEnded);
});

t.test(
  'a broken stream that can be resumed breaks at the client too, who resumes it',
  async (t) => {
    const broken = async (text: string, outlivesConnections: boolean, code: ErrorCode) => {
      const transport = Object.assign(new FakeTransport(), { outlivesConnections });
      const { exchange, result } = relay({ transport });
      const call = await transport.call();
      call.beginEvents();
      call.handler.onData(Buffer.from(text));
      call.handler.onError(new GatewayError(code));
      const { outcome } = (await result) as { readonly outcome: unknown };
      t.match(outcome, { code });
      return { isCut: exchange.isCut, said: exchange.text.slice(text.length) };
    };
    const primed = 'id: 7\nretry: 100\ndata: \n\n';
    const progress = 'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n';
    const gone = 'GW_UPSTREAM_UNREACHABLE';
    t.strictSame(await broken(primed, true, gone), { isCut: true, said: '' });
    t.strictSame(await broken(`${progress}id: 8\n${progress}`, true, gone), {
      isCut: true,
      said: '',
    });
    const told = { isCut: false, said: /"id":1,"error"/ };
    t.match(await broken(progress, true, gone), told, 'no event id to resume from');
    t.match(await broken(primed, false, gone), told, 'what served the stream is gone');
    t.match(await broken(primed, true, 'GW_UPSTREAM_TIMEOUT'), told, 'we gave it up');
    const answered = `${primed}id: 8\ndata: ${JSON.stringify(answer)}\n\n`;
    t.strictSame(
      await broken(answered, true, gone),
      { isCut: false, said: '' },
      'nothing is missing',
    );
  },
);

t.test('a stream whose credential does not hold any more ends, and only then', async (t) => {
  const refusal = new GatewayError('GW_UNAUTHENTICATED');
  const answers = [null, refusal];
  const refusalNow = () => Promise.resolve(answers.shift() ?? null);
  const { exchange, transport, openRelays, result } = relay({ isListening: true, refusalNow });
  const call = await transport.call();
  call.beginEvents();
  const [listening] = openRelays.listening();
  await listening?.recheck();
  t.notOk(exchange.isEnded);
  await listening?.recheck();
  t.match(await result, { outcome: { code: 'GW_UNAUTHENTICATED' } });
  t.ok(exchange.isEnded);
  t.ok(call.isAborted);
  await listening?.recheck();
  t.same([...openRelays.listening()], []);
});

t.test('no answer within the time is a timeout that says the outcome is unknown', async (t) => {
  const { transport, openRelays, result } = relay();
  const call = await transport.call();
  openRelays.expire(9_000);
  t.equal(openRelays.size, 1);
  openRelays.expire(Infinity);
  await t.rejects(result, { code: 'GW_UPSTREAM_TIMEOUT', message: /unknown/ });
  t.ok(call.isAborted);
});

/** A GET, whose server has not said anything when its time is over. */
async function listenWithoutHead() {
  const request = {
    method: 'GET' as const,
    headers: [],
    body: null,
    user: 'ana',
    credential: null,
    headTimeoutMs: 0,
    idleTimeoutMs: 0,
  };
  const rig = relay({ request, id: null, isListening: true });
  const call = await rig.transport.call();
  rig.openRelays.expire(Infinity);
  return { ...rig, call };
}

t.test('who listens hears a server that sends the head with its first event, late', async (t) => {
  const { exchange, result, call, openRelays } = await listenWithoutHead();
  t.notOk(call.isAborted);
  t.equal(exchange.status, 200);
  t.match(exchange.replyHeaders, { 'content-type': 'text/event-stream', 'x-request-id': 'r-1' });
  call.beginEvents();
  call.handler.onData(Buffer.from(PROGRESS_EVENT));
  t.equal(exchange.text, PROGRESS_EVENT);
  call.handler.onEnd();
  t.match(await result, { status: 200, outcome: 'answered' });
  t.ok(exchange.isEnded);
  t.equal(openRelays.size, 0);
});

t.test('a late head that is no stream ends what the client listens to', async (t) => {
  const { exchange, result, call } = await listenWithoutHead();
  call.handler.onHead(404, ['content-type', 'text/plain']);
  t.match(await result, { outcome: { code: 'GW_UPSTREAM_PROTOCOL' } });
  t.ok(call.isAborted);
  t.ok(exchange.isEnded);
  t.equal(exchange.text, '');
});

t.test('a silent stream and one that is open too long are ended with an error', async (t) => {
  for (const limits of [{ streamIdleTimeoutMs: 5 }, { streamMaxMs: 5 }]) {
    const { exchange, transport, result } = relay(limits);
    (await transport.call()).beginEvents();
    await result;
    t.match(exchange.text, /"id":1,"error":\{"code":-32010/);
  }
});

t.test('a stream that its server leaves open after the answer ends, and no other', async (t) => {
  const others = [relay(), relay({ isListening: true })];
  const [working, listening] = await Promise.all(others.map(({ transport }) => transport.call()));
  working?.beginEvents();
  working?.event({ jsonrpc: '2.0', method: 'notifications/message', params: { result: 1 } });
  listening?.beginEvents();
  listening?.event(answer);

  const { exchange, transport, result, openRelays } = relay();
  const call = await transport.call();
  call.beginEvents();
  call.event(answer);
  call.handler.onData(Buffer.from(': keep-alive\n\n'));
  t.match(await within(10_000, 'the end', result), { outcome: 'answered', isStream: true });
  t.ok(call.isAborted);
  t.ok(exchange.isEnded);
  t.notMatch(exchange.text, /"error"/);
  t.equal(openRelays.size, 0);
  // Theirs were asked first, had their events been taken for the answer.
  for (const other of others) {
    t.notOk(other.exchange.isEnded);
    other.openRelays.endAll(new GatewayError('GW_DRAINING'), 'all');
  }
});

t.test('a drain ends listening streams in silence and calls with an error', async (t) => {
  const draining = new GatewayError('GW_DRAINING');
  const listening = relay({ isListening: true });
  (await listening.transport.call()).beginEvents();
  listening.openRelays.endAll(draining, 'listening');
  await listening.result;
  t.equal(listening.exchange.text, '');
  t.ok(listening.exchange.isEnded);

  const call = relay();
  (await call.transport.call()).beginEvents();
  call.openRelays.endAll(draining, 'listening');
  t.notOk(call.exchange.isEnded);
  t.equal(call.openRelays.size, 1);
  call.openRelays.endAll(draining, 'all');
  await call.result;
  t.match(call.exchange.text, /"code":-32008/);
  t.equal(call.openRelays.size, 0);
});

t.test(
  'a drain of a gateway that goes on cuts off a call that can be resumed, and tells others',
  async (t) => {
    const drained = async (text: string) => {
      const { exchange, transport, openRelays, result } = relay();
      const call = await transport.call();
      call.beginEvents();
      call.handler.onData(Buffer.from(text));
      openRelays.endAll(new GatewayError('GW_DRAINING'), 'all', true);
      t.match(await result, { outcome: { code: 'GW_DRAINING' } });
      t.ok(call.isAborted);
      return { text: exchange.text, isCut: exchange.isCut };
    };
    const resumable = await drained(`id: 1-1\n${PROGRESS_EVENT}`);
    t.notMatch(resumable.text, '"error"', 'an error would be its answer');
    t.ok(resumable.isCut);
    t.match(await drained(PROGRESS_EVENT), { text: /"code":-32008/, isCut: false });
  },
);

t.test('a session id that would not come back is the fault of the server', async (t) => {
  const { exchange, transport, result, openRelays } = relay();
  const call = await transport.call();
  call.answer(answer, 200, ['mcp-session-id', 'x'.repeat(5000)]);
  t.equal(await refusal(result), 'GW_UPSTREAM_PROTOCOL');
  t.ok(call.isAborted);
  t.equal(exchange.replies, 0);
  t.equal(openRelays.size, 0);
});

t.test(
  'a header that comes twice is passed on as one, and a name of every object as none',
  async (t) => {
    const { exchange, transport, result } = relay();
    const call = await transport.call();
    call.answer(answer, 200, ['constructor', 'one', 'vary', 'a', 'vary', 'b']);
    await result;
    t.notOk(Object.hasOwn(exchange.replyHeaders, 'constructor'));
    t.equal(exchange.replyHeaders['vary'], 'a, b');
  },
);
