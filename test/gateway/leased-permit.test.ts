import t from 'tap';
import { AttemptEnds } from '../../src/gateway/attempt-ends.js';
import { LeasedPermit } from '../../src/gateway/leased-permit.js';
import { RateLimitHeaders } from '../../src/gateway/rate-limit-headers.js';
import { SlotTickets } from '../../src/gateway/slot-tickets.js';
import type { WorkerEvent } from '../../src/ipc/admission-messages.js';
import { BreakerGate } from '../../src/policy/breaker-gate.js';
import { LeaseShare } from '../../src/policy/lease-share.js';
import { FakeExchange } from '../support/fake-exchange.js';

function permitOf(isListening: boolean) {
  const sent: WorkerEvent[] = [];
  const send = (event: WorkerEvent): void => {
    sent.push(event);
  };
  const tickets = (of: 'calls' | 'streams') =>
    new SlotTickets({ of, maxWaitMs: 1000, send, nowMs: () => 0 });
  const parts = {
    headers: new RateLimitHeaders({
      gateway: null,
      user: { requests: 10, windowSeconds: 1 },
      servers: new Map(),
    }),
    ends: new AttemptEnds(send),
    calls: tickets('calls'),
    streams: tickets('streams'),
  };
  const own = isListening ? parts.streams : parts.calls;
  void own.wait('ana', 's', new FakeExchange());
  own.onMessage({
    kind: 'grant',
    to: 1,
    ticket: 1,
    user: 'ana',
    server: 's',
    brokered: 'none',
    brokerMs: 0,
  });
  const gate = new BreakerGate();
  const rates = [
    { kind: 'user' as const, share: new LeaseShare(), key: 'user:ana', perSecond: null },
  ];
  const request = { user: 'ana', server: 's', isListening, exchange: new FakeExchange() };
  return { permit: new LeasedPermit(parts, request, gate, rates), own, gate, sent };
}

t.test('the slot goes back once, to where it came from', (t) => {
  for (const isListening of [false, true]) {
    const { permit, own } = permitOf(isListening);
    t.equal(own.inUse('s'), 1);
    permit.release();
    permit.release();
    t.equal(own.inUse('s'), 0);
    t.equal(own.idle('s'), 1);
    t.equal(own.excessPuts, 0);
  }
  t.end();
});

t.test('an end is told with the generation of the admission, whatever came since', (t) => {
  const { permit, gate, sent } = permitOf(false);
  t.ok(permit.isCurrent());
  gate.apply({ state: 'closed', generation: 7, rampMs: 0, rampedMs: 0 }, 0);
  t.notOk(permit.isCurrent());
  permit.ended({ health: 'failure', load: 'ignore', latencyClass: 'echo', latencyMs: 1 });
  const users = [{ user: 'ana', failures: 1 }];
  t.match(sent.at(-1), { kind: 'ended', server: 's', generation: 0, failures: 1, users });
  t.end();
});

t.test('its headers join those of the reply', (t) => {
  const reply = { 'x-request-id': 'r' };
  permitOf(false).permit.addHeaders(reply);
  t.same(reply, {
    'x-request-id': 'r',
    'ratelimit-policy': '"user";q=10;w=1',
    ratelimit: '"user";r=0;t=1',
  });
  t.end();
});
