import t from 'tap';
import fc from 'fast-check';
import { EndpointRig, settle, type LegacyClient } from '../support/endpoint-rig.js';
import type { FakeHostExchange } from '../support/fake-host-exchange.js';
import type { SentMessage } from '../support/fake-channel.js';

const CALL = 'tools/call';

/** The message an event stream carries at `index`. */
const at = (exchange: FakeHostExchange, index: number): unknown => exchange.messages[index];

t.test('ids are ours on the channel and the client gets its own back, with its type', (t) => {
  const client = new EndpointRig().openSession();
  for (const id of [1, '1', 0, '', 'ünï', Number.MAX_SAFE_INTEGER]) {
    const exchange = client.call(id);
    const request = client.channel.lastRequest(CALL);
    t.type(request.id, 'number');
    client.channel.answer(request, { echo: id });
    t.same(exchange.messages, [{ jsonrpc: '2.0', id, result: { echo: id } }]);
    t.ok(exchange.isEnded);
  }
  const ids = client.channel.requests().map((request) => request.id);
  t.equal(new Set(ids).size, ids.length);
  t.end();
});

t.test('a thousand calls with the id 1, answered in any order, each get their own answer', (t) => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(1_000_000)), (randoms) => {
      const client = new EndpointRig().openSession();
      const calls = Array.from({ length: 1000 }, (_, n) => client.call(1, { arguments: { n } }));
      const waiting = client.channel.requests(CALL);
      for (const random of randoms) {
        const [request] = waiting.splice(random % waiting.length, 1);
        if (request === undefined) break;
        client.channel.answer(request, request.params?.['arguments']);
        if (waiting.length === 0) break;
      }
      return calls.every((call, n) => {
        const [only, ...more] = call.messages;
        return (
          call.isEnded &&
          more.length === 0 &&
          JSON.stringify(only) === JSON.stringify({ jsonrpc: '2.0', id: 1, result: { n } })
        );
      });
    }),
    { numRuns: 5 },
  );
  t.end();
});

t.test('numbers and spellings of the body survive', (t) => {
  const client = new EndpointRig().openSession();
  const body =
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"a":12345678901234567890,"b":1.0}}';
  const exchange = client.post(body);
  t.match(client.channel.lines.at(-1), '"params":{"a":12345678901234567890,"b":1.0}}');
  const id = String(client.channel.last.id);
  client.channel.say(`{"jsonrpc":"2.0","result":{"big":98765432109876543210,"x":1e2},"id":${id}}`);
  t.match(exchange.text, '"result":{"big":98765432109876543210,"x":1e2},"id":1}');
  t.end();
});

t.test('answers to nothing in flight reach nobody and are counted', (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession();
  const exchange = client.call(1);
  const request = client.channel.lastRequest(CALL);
  client.channel.say({ jsonrpc: '2.0', id: 999, result: {} });
  client.channel.say({ jsonrpc: '2.0', id: String(request.id), result: {} });
  client.channel.say({ jsonrpc: '2.0', id: null, error: { code: -32700, message: '' } });
  t.equal(exchange.messages.length, 0);
  client.channel.answer(request);
  client.channel.answer(request);
  t.equal(exchange.messages.length, 1);
  t.equal(rig.endpoint.stats().dropped['unknown-response'], 4);
  t.end();
});

t.test(
  'a malformed answer fails its request; a malformed request of the server fails none',
  (t) => {
    const rig = new EndpointRig();
    const client = rig.openSession();
    const exchange = client.call('c');
    const { id } = client.channel.lastRequest(CALL);
    client.channel.say('not json');
    client.channel.say({ jsonrpc: '2.0', id, method: 'x', params: [] });
    t.equal(exchange.messages.length, 0);
    client.channel.say({ jsonrpc: '2.0', id, result: {}, error: {} });
    t.match(exchange.messages, [{ id: 'c', error: { data: { reason: 'GW_UPSTREAM_PROTOCOL' } } }]);
    t.equal(rig.endpoint.stats().dropped.malformed, 3);
    t.end();
  },
);

t.test('notifications and answers of the client are accepted and forwarded as they came', (t) => {
  const client = new EndpointRig().openSession();
  const notification = { jsonrpc: '2.0', method: 'notifications/initialized' };
  const answer = { jsonrpc: '2.0', id: 'ask', result: { roots: [] } };
  for (const body of [notification, answer]) {
    const exchange = client.post(body);
    t.equal(exchange.status, 202);
    t.equal(exchange.text, '');
    t.ok(exchange.isEnded);
    t.same(client.channel.last, body);
  }
  t.end();
});

// --- where messages of the server go ---

t.test('with one call in flight, all the server asks and says comes on its stream', (t) => {
  const client = new EndpointRig().openSession();
  const standing = client.get();
  const call = client.call(1);
  client.channel.notify('notifications/message', { level: 'info', data: 'x' });
  client.channel.say({ jsonrpc: '2.0', id: 0, method: 'sampling/createMessage', params: {} });
  client.channel.say({ jsonrpc: '2.0', id: 'e', method: 'elicitation/create', params: {} });
  t.match(call.messages, [
    { method: 'notifications/message' },
    { id: 0, method: 'sampling/createMessage' },
    { id: 'e', method: 'elicitation/create' },
  ]);
  t.equal(standing.messages.length, 0);
  t.end();
});

t.test('changes of lists and resources go to the standing stream where there is one', (t) => {
  const client = new EndpointRig().openSession();
  const call = client.call(1);
  client.channel.notify('notifications/tools/list_changed', {});
  t.equal(call.messages.length, 1, 'nobody else listens');
  const standing = client.get();
  client.channel.notify('notifications/resources/updated', { uri: 'a:b' });
  t.match(standing.messages, [{ method: 'notifications/resources/updated' }]);
  t.equal(call.messages.length, 1);
  t.end();
});

t.test(
  'with several calls in flight, what names none goes to the standing stream, else to the oldest call',
  (t) => {
    const client = new EndpointRig().openSession();
    const [oldest, newer] = [client.call(1), client.call(1)];
    client.channel.notify('notifications/message', { data: 1 });
    t.match(oldest.messages, [{ params: { data: 1 } }]);
    const standing = client.get();
    client.channel.notify('notifications/message', { data: 2 });
    t.match(standing.messages, [{ params: { data: 2 } }]);
    t.equal(oldest.messages.length, 1);
    t.equal(newer.messages.length, 0);
    t.end();
  },
);

t.test('an in-process channel says which call a message belongs to', (t) => {
  const client = new EndpointRig().openSession();
  client.get();
  const calls = [client.call(1), client.call(1), client.call(1)];
  for (const [n, request] of client.channel.requests(CALL).entries()) {
    client.channel.notify('notifications/message', { data: n }, request.id);
    t.match(calls[n]?.messages, [{ params: { data: n } }]);
  }
  t.end();
});

t.test(
  'progress finds its call by token, and the client its own token, even one used twice',
  (t) => {
    const client = new EndpointRig().openSession();
    const withToken = (progressToken: string | number): FakeHostExchange =>
      client.call(1, { _meta: { progressToken, 'x/y': 1 } });
    const calls = [withToken('p'), withToken('p'), withToken(7), withToken('7')];
    const requests = client.channel.requests(CALL);
    const tokens = requests.map((request) => request.params?._meta?.['progressToken']);
    t.equal(new Set(tokens).size, 4);
    t.equal(tokens[0], 'p', 'a token of its own is not changed');
    t.same(requests[1]?.params?._meta?.['x/y'], 1);
    for (const progressToken of tokens.toReversed()) {
      client.channel.notify('notifications/progress', { progressToken, progress: 1 });
    }
    const seen = calls.map((call) => call.messages.map((each) => each['params']));
    t.same(seen, [
      [{ progressToken: 'p', progress: 1 }],
      [{ progressToken: 'p', progress: 1 }],
      [{ progressToken: 7, progress: 1 }],
      [{ progressToken: '7', progress: 1 }],
    ]);
    t.end();
  },
);

t.test('every message is on exactly one stream, whatever is open', (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom('call', 'get', 'drop', 'log', 'change', 'ask', 'answer', 'progress'),
        {
          minLength: 20,
          maxLength: 60,
          size: 'max',
        },
      ),
      (steps) => {
        const rig = new EndpointRig();
        const client = rig.openSession();
        const exchanges: FakeHostExchange[] = [];
        let said = 0;
        const answered = new Set<SentMessage>();
        for (const step of steps) {
          const open = client.channel.requests(CALL).filter((each) => !answered.has(each));
          if (step === 'call') exchanges.push(client.call(1, { _meta: { progressToken: 1 } }));
          else if (step === 'get') exchanges.push(client.get());
          else if (step === 'drop') exchanges.at(-1)?.abort();
          else if (step === 'answer' && open[0] !== undefined) {
            client.channel.answer(open[0]);
            answered.add(open[0]);
          } else if (step !== 'answer') {
            said += 1;
            const params = { said, progressToken: open.at(-1)?.params?._meta?.['progressToken'] };
            if (step === 'ask')
              client.channel.say({ jsonrpc: '2.0', id: said, method: 'ping', params });
            else {
              const method =
                step === 'log' ? 'message' : step === 'change' ? 'tools/list_changed' : 'progress';
              client.channel.notify(`notifications/${method}`, params);
            }
          }
        }
        for (const stream of [0, ...Array.from({ length: steps.length + 2 }, (_, n) => n + 1)]) {
          exchanges.push(client.resume(`${stream}-0`));
        }
        // The same event may be repeated by a resume: it then has the same id.
        const where = new Map<unknown, Set<string>>();
        for (const event of exchanges.flatMap((each) => (each.status === 200 ? each.events : []))) {
          if (event.data === '') continue;
          const { params } = JSON.parse(event.data) as { params?: { said: number } };
          if (params === undefined) continue;
          const ids = where.get(params.said) ?? new Set();
          where.set(params.said, ids.add(event.id ?? ''));
        }
        return (
          [...where.values()].every((ids) => ids.size === 1) &&
          exchanges.every((e) => e.late === '')
        );
      },
    ),
  );
  t.end();
});

// --- cancellation and deadlines ---

t.test('a cancellation reaches the server with our id', (t) => {
  const client = new EndpointRig().openSession();
  client.call('other');
  const call = client.call('slow');
  const { id } = client.channel.lastRequest(CALL);
  const exchange = client.notify('notifications/cancelled', { requestId: 'slow', reason: 'bored' });
  t.equal(exchange.status, 202);
  t.same(client.channel.last.params, { requestId: id, reason: 'bored' });
  t.notOk(call.isEnded, 'the server may still have answered');
  t.end();
});

t.test('a cancellation that could mean several calls, or none, cancels nothing', (t) => {
  const client = new EndpointRig().openSession();
  client.call(1);
  client.call(1);
  for (const requestId of [1, '1', 2]) {
    t.equal(client.notify('notifications/cancelled', { requestId }).status, 202);
  }
  t.equal(client.notify('notifications/cancelled').status, 202);
  t.equal(client.channel.notifications('notifications/cancelled').length, 0);
  t.end();
});

t.test('a cancelled call that stays unanswered ends in silence after the grace', (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession();
  const [silent, answered] = [client.call('a'), client.call('b')];
  client.notify('notifications/cancelled', { requestId: 'a' });
  client.notify('notifications/cancelled', { requestId: 'b' });
  client.channel.answer(client.channel.lastRequest(CALL), { late: true });
  t.match(
    at(answered, 0),
    { id: 'b', result: { late: true } },
    'the answer crossed the cancellation',
  );
  rig.pass(4999);
  t.notOk(silent.isEnded);
  rig.pass(1);
  t.ok(silent.isEnded);
  t.equal(silent.messages.length, 0);
  t.equal(rig.endpoint.stats().inFlight, 0);
  t.end();
});

t.test(
  'a call that waits for the server to take messages is cancelled without reaching it',
  async (t) => {
    const client = new EndpointRig().openSession();
    client.channel.takesMessages = false;
    client.call('sent');
    const queued = client.call('queued');
    client.notify('notifications/cancelled', { requestId: 'queued' });
    t.ok(queued.isEnded);
    client.channel.becomeWritable();
    await settle();
    t.equal(client.channel.requests(CALL).length, 1);
    t.equal(client.channel.notifications('notifications/cancelled').length, 0);
  },
);

t.test('silence beyond the deadline is answered once, and the server is told', (t) => {
  const rig = new EndpointRig({ requestTimeoutMs: 10_000 });
  const client = rig.openSession();
  const call = client.call(1);
  const request = client.channel.lastRequest(CALL);
  rig.pass(9000);
  client.channel.notify('notifications/message', { data: 'still here' });
  rig.pass(9999);
  t.notOk(call.isEnded, 'each message starts the time anew');
  rig.pass(1);
  t.match(at(call, 1), { id: 1, error: { code: -32010, data: { reason: 'GW_UPSTREAM_TIMEOUT' } } });
  t.ok(call.isEnded);
  t.match(client.channel.last, {
    method: 'notifications/cancelled',
    params: { requestId: request.id },
  });
  t.same(client.channel.cancelled, [request.id]);
  client.channel.answer(request);
  t.equal(call.messages.length, 2);
  t.end();
});

t.test('while the client owes an answer, its calls may wait for minutes', (t) => {
  const rig = new EndpointRig({ requestTimeoutMs: 10_000 });
  for (const isOnStanding of [false, true]) {
    const client = rig.openSession();
    if (isOnStanding) {
      client.call(0);
      client.get();
    }
    const call = client.call(1);
    client.channel.say({ jsonrpc: '2.0', id: 'ask', method: 'elicitation/create', params: {} });
    rig.pass(599_999);
    t.notOk(call.isEnded);
    client.post({ jsonrpc: '2.0', id: 'ask', result: { action: 'accept' } });
    rig.pass(9999);
    t.notOk(call.isEnded, 'the time runs from the answer');
    rig.pass(1);
    t.ok(call.isEnded);
  }
  t.end();
});

t.test('the server may take its question back: on the stream that carried it', (t) => {
  const rig = new EndpointRig({ requestTimeoutMs: 10_000 });
  const client = rig.openSession();
  const asked = client.call(1);
  client.channel.say({ jsonrpc: '2.0', id: 3, method: 'sampling/createMessage', params: {} });
  client.call(2);
  client.get();
  client.channel.notify('notifications/cancelled', { requestId: 3 });
  t.match(at(asked, 1), { method: 'notifications/cancelled', params: { requestId: 3 } });
  rig.pass(10_000);
  t.ok(asked.isEnded, 'its deadline runs again');
  t.end();
});

// --- streams ---

t.test('a lost connection cancels nothing; the answer waits for the resume', (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession({ version: '2025-11-25' });
  const call = client.call(1);
  t.same(call.events, [{ id: '2-0', retry: 1000, data: '' }]);
  call.abort();
  client.channel.notify('notifications/message', { data: 'meanwhile' });
  client.channel.answer(client.channel.lastRequest(CALL), { ok: true });
  t.equal(client.channel.notifications('notifications/cancelled').length, 0);
  t.equal(call.late, '');
  const resumed = client.resume('2-0');
  t.equal(resumed.status, 200);
  t.match(resumed.messages, [{ params: { data: 'meanwhile' } }, { id: 1, result: { ok: true } }]);
  t.ok(resumed.isEnded);
  t.equal(resumed.header('mcp-session-id'), client.sessionId);
  t.match(
    client.resume('2-1').messages,
    [{ id: 1, result: { ok: true } }],
    'and once more, from later',
  );
  t.end();
});

t.test('a stream that still runs is resumed and goes on, with its own messages only', (t) => {
  const client = new EndpointRig().openSession({ version: '2025-11-25' });
  const [call, other] = [client.call('a'), client.call('b')];
  const [a, b] = client.channel.requests(CALL);
  if (a === undefined || b === undefined) throw new Error('not sent');
  client.channel.notify('notifications/message', { data: 1 }, a.id);
  client.channel.notify('notifications/message', { data: 2 }, b.id);
  const lastId = call.events.at(-1)?.id ?? '';
  call.abort();
  client.channel.notify('notifications/message', { data: 3 }, a.id);
  const resumed = client.resume(lastId);
  t.notOk(resumed.isEnded);
  client.channel.notify('notifications/message', { data: 4 }, a.id);
  client.channel.answer(a);
  t.match(resumed.messages, [{ params: { data: 3 } }, { params: { data: 4 } }, { id: 'a' }]);
  t.ok(resumed.isEnded);
  t.match(other.messages, [{ params: { data: 2 } }]);
  const ids = [call, other, resumed].flatMap((each) => each.events.map((event) => event.id));
  t.equal(new Set(ids).size, ids.length, 'event ids are unique in the session');
  t.end();
});

t.test('a stream has one connection: a second one is refused, never swapped', (t) => {
  const client = new EndpointRig().openSession({ version: '2025-11-25' });
  const standing = client.get();
  t.equal(client.get().status, 409);
  t.equal(client.resume(standing.events[0]?.id ?? '').status, 409);
  client.call(1);
  t.equal(client.resume('2-0').status, 409);
  standing.abort();
  t.equal(client.get().status, 200);
  t.end();
});

t.test('an event id that points nowhere is refused', (t) => {
  const client = new EndpointRig().openSession();
  for (const id of ['', 'x', '99-0', '1', '-1-0', '1-0-0', '1e3-0', '9'.repeat(30)]) {
    const exchange = client.resume(id);
    t.equal(exchange.status, 400, id);
  }
  t.end();
});

t.test('what the server says while nobody listens comes with the next GET', (t) => {
  const client = new EndpointRig().openSession({ version: '2025-11-25' });
  client.notify('notifications/initialized');
  client.channel.say({ jsonrpc: '2.0', id: 1, method: 'roots/list' });
  const standing = client.get();
  t.same(standing.events[0], { id: '0-0', retry: 1000, data: '' });
  t.match(standing.messages, [{ id: 1, method: 'roots/list' }]);
  standing.abort();
  client.channel.notify('notifications/message', { data: 2 });
  const next = client.get();
  t.same(next.events[0]?.id, '0-1', 'the priming event continues where the last one was');
  t.match(next.messages, [{ params: { data: 2 } }], 'and nothing is said twice');
  next.abort();
  t.equal(client.resume('0-0').messages.length, 2, 'unless the client asks');
  t.end();
});

t.test('the store of a stream is bounded and keeps the newest', (t) => {
  const client = new EndpointRig({ eventStoreMaxEvents: 3 }).openSession();
  const call = client.call(1);
  call.abort();
  for (let n = 0; n < 10; n += 1) client.channel.notify('notifications/message', { data: n });
  client.channel.answer(client.channel.lastRequest(CALL));
  t.match(client.resume('2-0').messages, [
    { params: { data: 8 } },
    { params: { data: 9 } },
    { id: 1 },
  ]);
  t.end();
});

t.test('a client that reads too slowly loses the connection and nothing else', (t) => {
  const client = new EndpointRig({
    eventStoreMaxEvents: 1000,
    eventStoreMaxBytes: 10_000_000,
  }).openSession();
  const call = client.call(1);
  call.isWritable = false;
  const data = 'x'.repeat(1_000_000);
  for (let n = 0; n < 30; n += 1) client.channel.notify('notifications/message', { n, data });
  t.equal(call.failedWith, 'GW_SLOW_READER');
  client.channel.answer(client.channel.lastRequest(CALL));
  const last = client.resume('2-29').messages;
  t.match(last, [{ params: { n: 29 } }, { id: 1 }]);
  t.end();
});

t.test('a handler may ask that its client polls', (t) => {
  const rig = new EndpointRig();
  const client = rig.openSession({ version: '2025-11-25' });
  const call = client.call(1);
  const { id } = client.channel.lastRequest(CALL);
  client.channel.listener.onStreamClosed?.(id ?? '');
  t.ok(call.isEnded);
  t.equal(call.messages.length, 0);
  const polled = client.resume('2-0');
  client.channel.answer(client.channel.lastRequest(CALL), { done: true });
  t.match(polled.messages, [{ id: 1, result: { done: true } }]);

  const old = rig.openSession({ version: '2025-06-18' });
  const kept = old.call(1);
  old.channel.listener.onStreamClosed?.(old.channel.lastRequest(CALL).id ?? '');
  t.notOk(kept.isEnded, 'an old client has no event id to come back with');
  t.end();
});

t.test('streams of a session are capped', (t) => {
  const client = new EndpointRig({ maxStreamsPerSession: 2 }).openSession();
  client.call(1);
  client.get();
  const refused = client.call(2);
  t.equal(refused.failedWith, 'GW_USER_BUSY');
  t.equal(client.channel.requests(CALL).length, 1);
  t.equal(client.notify('notifications/x').status, 202);
  client.channel.answer(client.channel.lastRequest(CALL));
  t.equal(client.call(3).status, 200);
  t.end();
});

t.test(
  'a server that takes no messages is saturated, and says so before anything is queued for ever',
  (t) => {
    const client = new EndpointRig().openSession();
    client.channel.takesMessages = false;
    const big = { text: 'x'.repeat(1_000_000) };
    const calls = Array.from({ length: 8 }, (_, n) => client.call(n, big));
    t.equal(calls[0]?.status, 200);
    t.equal(calls.at(-1)?.failedWith, 'GW_BULKHEAD_FULL');
    t.end();
  },
);

t.test('silent streams get comments, and nothing after their end', (t) => {
  const rig = new EndpointRig({ heartbeatMs: 15_000 });
  const client = rig.openSession();
  const [call, standing] = [client.call(1), client.get()];
  rig.pass(14_999);
  t.equal(call.text, '');
  rig.pass(1);
  t.equal(call.text, ': ping\n\n');
  t.equal(standing.text, ': ping\n\n');
  client.channel.answer(client.channel.lastRequest(CALL));
  standing.abort();
  rig.pass(15_000);
  t.match(call.messages, [{ id: 1 }]);
  t.equal(call.late, '');
  t.equal(standing.late, '');
  t.equal(rig.endpoint.stats().streams, 0);
  t.end();
});

// --- the end of sessions ---

t.test(
  'when the instance dies, every call in flight is answered once and the session is gone',
  (t) => {
    const rig = new EndpointRig();
    const client = rig.openSession();
    const other = rig.openSession({ user: 'bob' });
    const otherCall = other.call(1);
    const calls = Array.from({ length: 50 }, (_, n) => client.call(n % 3));
    const standing = client.get();
    client.channel.crash();
    for (const [n, call] of calls.entries()) {
      t.match(call.messages, [{ id: n % 3, error: { code: -32011 } }]);
      t.ok(call.isEnded);
    }
    t.match(calls[0]?.messages[0], {
      error: { message: /outcome|carried out/, data: { requestId: 'req-1' } },
    });
    t.ok(standing.isEnded);
    t.equal(client.call(1).status, 404);
    t.equal(client.get().status, 404);
    t.equal(otherCall.isEnded, false, "another user's instance lives");
    t.end();
  },
);

t.test(
  'a session without stream and request ends after the idle time, one in use does not',
  (t) => {
    const rig = new EndpointRig({ sessionIdleMs: 60_000, requestTimeoutMs: 500_000 });
    const idle = rig.openSession();
    const listening = rig.openSession();
    const standing = listening.get();
    const busy = rig.openSession();
    busy.call(1).abort();
    rig.pass(59_999);
    t.notOk(idle.channel.isClosed);
    rig.pass(1);
    t.ok(idle.channel.isClosed);
    t.equal(idle.call(1).status, 404);
    t.notOk(listening.channel.isClosed);
    t.notOk(busy.channel.isClosed, 'its answer is still expected');
    standing.abort();
    rig.pass(60_000);
    t.ok(listening.channel.isClosed, 'counted from when its stream was gone');
    t.end();
  },
);

t.test('two users with the same ids and tokens never see each other', (t) => {
  const rig = new EndpointRig();
  const clients: LegacyClient[] = [
    rig.openSession({ user: 'ada' }),
    rig.openSession({ user: 'bob' }),
  ];
  const params = { _meta: { progressToken: 1 } };
  const calls = clients.map((client) => client.call(1, params));
  for (const [n, client] of clients.entries()) {
    client.channel.notify('notifications/progress', { progressToken: 1, progress: n });
    client.channel.answer(client.channel.lastRequest(CALL), { for: client.user });
    t.same(client.channel.origins.at(-1), { user: client.user, credential: null });
  }
  t.match(calls[0]?.messages, [{ params: { progress: 0 } }, { result: { for: 'ada' } }]);
  t.match(calls[1]?.messages, [{ params: { progress: 1 } }, { result: { for: 'bob' } }]);
  t.end();
});
