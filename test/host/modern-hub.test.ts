import t from 'tap';
import fc from 'fast-check';
import { GatewayError } from '../../src/kernel/errors.js';
import { EndpointRig, modernRequest, settle } from '../support/endpoint-rig.js';
import type { FakeHostExchange } from '../support/fake-host-exchange.js';

const modernRig = (options = {}): EndpointRig => new EndpointRig({ era: 'modern', ...options });
const read = (id: string | number, n = 0, meta: object = {}): object =>
  modernRequest(id, 'resources/read', { uri: `test:${n}` }, meta);
const LOGS = { 'io.modelcontextprotocol/logLevel': 'debug' };

t.test(
  'a thousand requests of many users with the id 1, answered in any order, each get their own answer',
  (t) => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(1_000_000)), (randoms) => {
        const rig = modernRig();
        const exchanges = Array.from({ length: 1000 }, (_, n) =>
          rig.modern(read(1, n, { progressToken: 1 }), { user: `user-${n % 37}` }),
        );
        const waiting = rig.shared.requests('resources/read');
        for (const random of randoms) {
          const [request] = waiting.splice(random % waiting.length, 1);
          if (request === undefined) break;
          if (random % 3 === 0) {
            const message = request.params?.['uri'];
            rig.shared.notify('notifications/progress', { progressToken: request.id, message });
          }
          rig.shared.answer(request, { uri: request.params?.['uri'] });
          if (waiting.length === 0) break;
        }
        return exchanges.every((exchange, n) => {
          const uri = `test:${n}`;
          const last = exchange.messages.at(-1);
          return (
            exchange.isEnded &&
            JSON.stringify(last) === JSON.stringify({ jsonrpc: '2.0', id: 1, result: { uri } }) &&
            exchange.messages
              .slice(0, -1)
              .every(
                (each) =>
                  JSON.stringify(each['params']) ===
                  JSON.stringify({ progressToken: 1, message: uri }),
              )
          );
        });
      }),
      { numRuns: 5 },
    );
    t.end();
  },
);

t.test('all users share one instance, and in-process handlers know who asks', (t) => {
  const rig = modernRig();
  rig.modern(read(1), { user: 'ada' });
  rig.modern(read(1), { user: 'bob' });
  t.equal(rig.source.channels.length, 1);
  t.same(rig.shared.owner, { purpose: 'shared', user: '', credential: null });
  t.same(rig.shared.origins, [
    { user: 'ada', credential: null },
    { user: 'bob', credential: null },
  ]);
  const ids = rig.shared.sent.map((each) => each.id);
  t.equal(new Set(ids).size, 2);
  t.end();
});

// --- logs ---

function logged(
  rig: EndpointRig,
  exchanges: readonly FakeHostExchange[],
  relatedId?: number,
): number[] {
  rig.shared.notify('notifications/message', { data: 'secret' }, relatedId);
  return exchanges.flatMap((exchange, n) => (exchange.text.includes('secret') ? [n] : []));
}

t.test('a log line goes to the one request that can have caused it', (t) => {
  const rig = modernRig();
  const exchanges = [rig.modern(read(1, 0, LOGS)), rig.modern(read(1))];
  t.same(logged(rig, exchanges), [0]);
  t.end();
});

t.test('a log line is dropped when it is not certain whose it is, or nobody wants it', (t) => {
  const none = modernRig();
  t.same(logged(none, [none.modern(read(1))]), [], 'no request allows logs');
  const two = modernRig();
  t.same(logged(two, [two.modern(read(1, 0, LOGS)), two.modern(read(1, 0, LOGS))]), [], 'two do');
  const foreign = modernRig();
  const both = [
    foreign.modern(read(1, 0, LOGS), { user: 'ada' }),
    foreign.modern(read(1), { user: 'bob' }),
  ];
  t.same(
    logged(foreign, both),
    [],
    "another user's request is in flight: it might be about that one",
  );
  t.equal(foreign.endpoint.stats().dropped.unattributable, 1);
  t.end();
});

t.test('an in-process channel says whose a log line is', (t) => {
  const rig = modernRig();
  const exchanges = [
    rig.modern(read(1, 0, LOGS), { user: 'ada' }),
    rig.modern(read(1, 0, LOGS), { user: 'bob' }),
    rig.modern(read(1), { user: 'eve' }),
  ];
  const ids = rig.shared.sent.map((each) => Number(each.id));
  t.same(logged(rig, exchanges, ids[1]), [1]);
  t.same(logged(rig, exchanges, ids[2]), [1], 'not to a request that allows none');
  t.end();
});

t.test('an own notification of a module goes to its request, a change of lists never', (t) => {
  const rig = modernRig();
  const exchange = rig.modern(read(1));
  const id = Number(rig.shared.last.id);
  rig.shared.notify('notifications/tools/list_changed', {}, id);
  rig.shared.notify('notifications/resources/updated', { uri: 'a:b' }, id);
  rig.shared.notify('notifications/vendor', { a: 1 });
  t.equal(exchange.heads, 0);
  rig.shared.notify('notifications/vendor', { a: 2 }, id);
  t.same(
    exchange.messages.map((each) => each['params']),
    [{ a: 2 }],
  );
  t.equal(rig.endpoint.stats().dropped.unattributable, 3);
  t.end();
});

t.test('the server may not ask: its question is refused and reaches nobody', (t) => {
  const rig = modernRig();
  const exchange = rig.modern(read(1));
  rig.shared.say({ jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params: {} });
  t.match(rig.shared.last, { id: 'q', error: { code: -32601 } });
  t.equal(exchange.heads, 0);
  t.equal(rig.endpoint.stats().dropped['server-request'], 1);
  t.end();
});

// --- the life of the instance ---

t.test('when the instance dies, each request in flight is answered once', async (t) => {
  const rig = modernRig();
  rig.modern(read(0));
  rig.shared.answer(rig.shared.last);
  rig.shared.takesMessages = false;
  const sent = rig.modern(read('sent'));
  const unsent = rig.modern(read('unsent'));
  const first = rig.shared;
  first.crash();
  t.equal(sent.status, 502);
  t.match(sent.json, {
    id: 'sent',
    error: { code: -32011, message: /whether it was carried out/ },
  });
  t.equal(unsent.status, 502);
  t.match(unsent.error.message, /before the request was sent/);
  await settle();
  t.equal(first.requests().length, 2, 'nothing is sent to the dead');
  first.say({ jsonrpc: '2.0', id: first.last.id, result: {} });
  t.equal(sent.late, '');
});

t.test('an instance that died is replaced at the next request', (t) => {
  const rig = modernRig();
  rig.modern(read(0));
  rig.shared.answer(rig.shared.last);
  rig.shared.crash();
  const exchange = rig.modern(read(1));
  t.equal(rig.source.channels.length, 2);
  rig.shared.answer(rig.shared.last);
  t.equal(exchange.status, 200);
  t.end();
});

t.test(
  'an instance that dies at its start is the answer to the request that started it',
  async (t) => {
    const rig = modernRig();
    rig.source.onOpen = (channel) => {
      channel.crash();
    };
    const exchange = rig.modern(read('r'));
    await settle();
    t.equal(exchange.status, 502);
    t.match(exchange.json, { id: 'r', error: { message: /exit code 1/ } });
    t.equal(rig.endpoint.stats().inFlight, 0);
  },
);

t.test('an instance that cannot be opened is an error of that request only', async (t) => {
  const rig = modernRig();
  rig.source.openError = new GatewayError('GW_BULKHEAD_FULL', { retryAfterMs: 200 });
  const refused = rig.modern(read('r'));
  await settle();
  t.equal(refused.failedWith, 'GW_BULKHEAD_FULL');
  rig.source.openError = null;
  const exchange = rig.modern(read(1));
  rig.shared.answer(rig.shared.last);
  t.equal(exchange.status, 200);
});

t.test('what an earlier instance says late reaches nobody', (t) => {
  const rig = modernRig();
  rig.modern(read(0));
  const old = rig.shared;
  const { id } = old.last;
  old.crash();
  const exchange = rig.modern(read(1));
  t.not(rig.shared.last.id, id, 'ids are never used again');
  old.say({ jsonrpc: '2.0', id: rig.shared.last.id, result: { from: 'the dead' } });
  t.equal(exchange.heads, 0);
  t.end();
});

t.test('a server that takes no messages is saturated', async (t) => {
  const rig = modernRig();
  rig.modern(read(0));
  rig.shared.takesMessages = false;
  const exchanges = Array.from({ length: 1100 }, (_, n) => rig.modern(read(n)));
  await settle();
  const refused = exchanges.filter((each) => each.failedWith === 'GW_BULKHEAD_FULL');
  t.equal(refused.length, 99);
  t.equal(exchanges.at(-1)?.failedWith, 'GW_BULKHEAD_FULL');
  // Refusing a question of the server must not queue without bound either.
  const before = rig.shared.sent.length;
  rig.shared.say({ jsonrpc: '2.0', id: 1, method: 'ping' });
  t.equal(rig.shared.sent.length, before);
});

t.test('a drained endpoint answers what is in flight', async (t) => {
  const rig = modernRig();
  const exchange = rig.modern(read(1));
  const streamed = rig.modern(read(2, 2, { progressToken: 1 }));
  await settle();
  rig.shared.notify('notifications/progress', { progressToken: rig.shared.last.id, progress: 1 });
  await rig.endpoint.close();
  t.equal(exchange.failedWith, 'GW_DRAINING');
  t.match(streamed.messages.at(-1), { error: { message: /restarted.*unknown/ } });
  t.ok(rig.shared.isClosed);
});

t.test(
  'a shared instance that nobody uses ends where that is wanted, and comes back',
  async (t) => {
    const removed: string[] = [];
    const rig = modernRig({ sharedIdleMs: 5000, onRemoved: (kind: string) => removed.push(kind) });
    rig.modern(read(1));
    const first = rig.shared;
    rig.pass(4999);
    first.answer(first.lastRequest(), {});
    rig.pass(4999);
    t.notOk(first.isClosed, 'in use a moment ago');
    rig.pass(5000);
    await settle();
    t.ok(first.isClosed);
    t.same(removed, ['instance']);
    const again = rig.modern(read(2));
    t.not(rig.shared, first);
    rig.shared.answer(rig.shared.lastRequest(), {});
    t.ok(again.isEnded);
    const lasting = modernRig();
    lasting.modern(read(1));
    lasting.shared.answer(lasting.shared.lastRequest(), {});
    lasting.pass(10 ** 9);
    t.notOk(lasting.shared.isClosed, 'not where it has state of its own');
  },
);
