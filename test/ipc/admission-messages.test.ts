import t from 'tap';
import {
  isPrimaryEvents,
  isWorkerEvents,
  parseRateKey,
  rateKey,
  type PrimaryEvent,
  type WorkerEvent,
} from '../../src/ipc/admission-messages.js';

const window = { maxInFlight: 1, dropped: 0, successes: 1, classes: [] };
const users = [{ user: 'ana', successes: 1, failures: 0, dropped: 0 }];
const report = { spent: 1, returned: 0, spentAgeMs: 0.5, answersRecall: false };

const FROM_WORKER: readonly WorkerEvent[] = [
  { kind: 'ticket', of: 'calls', request: { ticket: 1, user: 'ana', server: 's' } },
  {
    kind: 'ticket',
    of: 'calls',
    request: { ticket: 1, user: 'k', server: 's', within: { name: 'g', limit: 2 } },
  },
  { kind: 'cancel', of: 'streams', ticket: 1 },
  { kind: 'returned', of: 'calls', slots: { kind: 'user', key: 'ana', count: 2 } },
  { kind: 'idle-closed', of: 'calls', count: 1 },
  { kind: 'idle-gone', of: 'calls', server: 's' },
  { kind: 'ask', limit: 'gateway', request: { needed: 0, wanted: 5 } },
  { kind: 'report', limit: 'user:ana', report },
  { kind: 'ended', server: 's', generation: 1, successes: 1, failures: 0, users, window },
  { kind: 'probed', server: 's', generation: 3, succeeded: true },
];

const FROM_PRIMARY: readonly PrimaryEvent[] = [
  { kind: 'slots', of: 'calls', message: { kind: 'refusal', to: 1, ticket: 1, reason: 'shed' } },
  { kind: 'rate', message: { kind: 'chunk', to: 1, key: 'gateway', count: 1, left: 0, waitMs: 0 } },
  { kind: 'breaker', server: 's', announced: { state: 'half-open', generation: 2 } },
  { kind: 'probe', server: 's', generation: 2 },
  { kind: 'scale', scale: 0.5 },
];

const overIpc = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

t.test('every event is understood after it crossed the channel', (t) => {
  t.ok(isWorkerEvents(overIpc(FROM_WORKER)));
  t.ok(isPrimaryEvents(overIpc(FROM_PRIMARY)));
  t.ok(isWorkerEvents([]));
  t.end();
});

t.test('an event with any member missing or of another kind is not half understood', (t) => {
  const damaged = (event: object): unknown[] =>
    Object.keys(event).map((member) => ({ ...event, [member]: null }));
  for (const event of FROM_WORKER) {
    for (const broken of damaged(event)) t.notOk(isWorkerEvents([broken]), JSON.stringify(broken));
  }
  for (const event of FROM_PRIMARY) {
    for (const broken of damaged(event)) t.notOk(isPrimaryEvents([broken]), JSON.stringify(broken));
  }
  const request = { ticket: 1, user: 'k', server: 's' };
  for (const within of [7, {}, { name: 'g' }, { name: 'g', limit: 'x' }]) {
    const ticket = { kind: 'ticket', of: 'calls', request: { ...request, within } };
    t.notOk(isWorkerEvents([ticket]), JSON.stringify(within));
  }
  for (const wrong of [[null], [{}], [{ user: 'ana', successes: 1 }]]) {
    const ended = { kind: 'ended', server: 's', generation: 1, successes: 1, failures: 0, window };
    t.notOk(isWorkerEvents([{ ...ended, users: wrong }]), JSON.stringify(wrong));
  }
  for (const wrong of [null, {}, 'x', [null], [1], [{ kind: 'unheard-of' }]]) {
    t.notOk(isWorkerEvents(wrong));
    t.notOk(isPrimaryEvents(wrong));
  }
  t.end();
});

t.test('a limit is named and found again, whatever the name contains', (t) => {
  t.same(parseRateKey(rateKey('gateway', '')), { kind: 'gateway', name: '' });
  t.same(parseRateKey(rateKey('user', 'server:x')), { kind: 'user', name: 'server:x' });
  t.same(parseRateKey(rateKey('server', 'a:b')), { kind: 'server', name: 'a:b' });
  t.equal(parseRateKey('other:x'), null);
  t.end();
});
