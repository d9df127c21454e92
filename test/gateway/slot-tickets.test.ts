import t from 'tap';
import { SlotTickets } from '../../src/gateway/slot-tickets.js';
import type { WorkerEvent } from '../../src/ipc/admission-messages.js';
import { FakeExchange } from '../support/fake-exchange.js';

function worker() {
  const sent: WorkerEvent[] = [];
  let nowMs = 0;
  const tickets = new SlotTickets({
    of: 'calls',
    maxWaitMs: 1000,
    send: (event) => sent.push(event),
    nowMs: () => nowMs,
  });
  const grant = (ticket: number): void => {
    tickets.onMessage({
      kind: 'grant',
      to: 1,
      ticket,
      user: 'ana',
      server: 's',
      brokered: 'none',
      brokerMs: 1000,
    });
  };
  return {
    tickets,
    sent,
    grant,
    at: (ms: number) => {
      nowMs = ms;
    },
  };
}

t.test('a slot is asked for, used, and kept for the next call until it was idle', async (t) => {
  const { tickets, sent, grant, at } = worker();
  t.notOk(tickets.take('ana', 's'));
  const answer = tickets.wait('ana', 's', new FakeExchange());
  t.match(sent, [
    { kind: 'ticket', of: 'calls', request: { ticket: 1, user: 'ana', server: 's' } },
  ]);
  grant(1);
  t.equal(await answer, 'granted');
  t.equal(tickets.inUse('s'), 1);
  tickets.put('ana', 's');
  t.equal(tickets.idle('s'), 1);
  t.ok(tickets.take('ana', 's'), 'the next call needs no message');
  tickets.put('ana', 's');
  sent.length = 0;
  let sweeps = 0;
  const sweepUntil = (sweep: number): void => {
    for (; sweeps < sweep; sweeps += 1) {
      at((sweeps + 1) * 125);
      tickets.sweep();
    }
  };
  const servers = { kind: 'returned', slots: { kind: 'server', key: 's', count: 1 } };
  const users = { kind: 'returned', slots: { kind: 'user', key: 'ana', count: 1 } };
  sweepUntil(2);
  t.match(sent, [servers], 'of a server: within a quarter of a second');
  sweepUntil(39);
  t.match(sent, [servers], 'of a user: not in the first five seconds');
  sweepUntil(80);
  t.match(sent, [servers, users], 'but in ten');
  t.equal(tickets.excessPuts, 0);
});

t.test(
  'a client that leaves cancels its ticket; a grant on its way becomes an idle slot',
  async (t) => {
    const { tickets, sent, grant } = worker();
    const exchange = new FakeExchange();
    const answer = tickets.wait('ana', 's', exchange);
    exchange.abort();
    t.equal(await answer, 'client-closed');
    t.match(sent.at(-1), { kind: 'cancel', ticket: 1 });
    t.equal(tickets.waiting, 0);
    grant(1);
    t.equal(tickets.inUse('s'), 0);
    t.equal(tickets.idle('s'), 1);
    const gone = new FakeExchange();
    gone.abort();
    const before = sent.length;
    t.equal(await tickets.wait('ana', 's', gone), 'client-closed');
    t.equal(sent.length, before, 'who is gone already asks for nothing');
  },
);

t.test('a refusal is handed on; a primary that says nothing is not waited for', async (t) => {
  const { tickets, at, sent } = worker();
  const refused = tickets.wait('ana', 's', new FakeExchange());
  const unanswered = tickets.wait('ana', 's', new FakeExchange());
  tickets.onMessage({ kind: 'refusal', to: 1, ticket: 1, reason: 'queue-full' });
  t.equal(await refused, 'queue-full');
  at(999);
  tickets.sweep();
  t.equal(tickets.waiting, 1);
  at(1000);
  tickets.sweep();
  t.equal(await unanswered, 'queue-timeout');
  t.match(sent.at(-1), { kind: 'cancel', ticket: 2 });
});

t.test('recalled slots go back at once, and the half that is idle goes with the ticket', (t) => {
  const { tickets, sent, grant } = worker();
  void tickets.wait('ana', 's', new FakeExchange());
  grant(1);
  tickets.put('ana', 's');
  void tickets.wait('bo', 's', new FakeExchange());
  t.match(sent.at(-1), { kind: 'ticket', request: { surrendered: 'server' } });
  sent.length = 0;
  tickets.onMessage({ kind: 'recall', to: 1, scope: 'user', key: 'ana', brokerMs: 1000 });
  t.match(sent, [{ kind: 'returned', slots: { kind: 'user', key: 'ana', count: 1 } }]);
  tickets.returnAllIdle();
  t.equal(sent.length, 1, 'nothing is given back twice');
  t.end();
});

t.test(
  'connections of slots that are wanted elsewhere are closed, and then the primary hears so',
  (t) => {
    const told: unknown[] = [];
    const tickets = new SlotTickets({
      of: 'calls',
      maxWaitMs: 1000,
      send: (event) => told.push(event),
      onCloseIdle: (server, count) => told.push([server, count]),
      nowMs: () => 0,
    });
    tickets.onMessage({ kind: 'close-idle', to: 1, server: 's', count: 2 });
    const closed = { kind: 'idle-closed', of: 'calls', count: 2 };
    t.same(told, [['s', 2], closed]);
    t.end();
  },
);
