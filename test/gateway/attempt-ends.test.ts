import t from 'tap';
import type { AttemptEnd } from '../../src/gateway/admission.js';
import { AttemptEnds } from '../../src/gateway/attempt-ends.js';
import type { WorkerEvent } from '../../src/ipc/admission-messages.js';

const end = (health: AttemptEnd['health'], load: AttemptEnd['load'] = 'ignore'): AttemptEnd => ({
  health,
  load,
  latencyClass: 'echo',
  latencyMs: 10,
});

const by = (generation: number, user = 'ana') => ({ user, generation });

function collector() {
  const sent: WorkerEvent[] = [];
  return { sent, ends: new AttemptEnds((event) => sent.push(event)) };
}

t.test('successes wait for the sweep; a failure is told at once, with those before it', (t) => {
  const { sent, ends } = collector();
  ends.add('s', by(1), end('success', 'success'), 3);
  ends.add('s', by(1), end('success', 'success'), 2);
  t.same(sent, []);
  ends.add('s', by(1), end('failure', 'dropped'), 1);
  t.match(sent, [
    {
      kind: 'ended',
      server: 's',
      generation: 1,
      successes: 2,
      failures: 1,
      window: { maxInFlight: 3, dropped: 1, successes: 2 },
    },
  ]);
  ends.sweep();
  t.equal(sent.length, 1, 'nothing is told twice');
  t.end();
});

t.test('outcomes of two generations are not mixed', (t) => {
  const { sent, ends } = collector();
  ends.add('s', by(1), end('success'), 1);
  ends.add('s', by(2), end('success'), 1);
  ends.sweep();
  t.match(sent, [
    { generation: 1, successes: 1 },
    { generation: 2, successes: 1 },
  ]);
  t.end();
});

t.test('what says nothing is not sent', (t) => {
  const { sent, ends } = collector();
  ends.add('s', by(1), end('ignore'), 1);
  ends.sweep();
  t.same(sent, []);
  t.end();
});

t.test('whose they are is told of a few users, and of whoever fails', (t) => {
  const { sent, ends } = collector();
  for (let i = 0; i < 20; i += 1) ends.add('s', by(1, `u${i}`), end('success'), 1);
  ends.add('s', by(1, 'u0'), end('success'), 1);
  ends.add('s', by(1, 'u19'), end('failure'), 1);
  const [told] = sent;
  t.match(told, { successes: 21, failures: 1 });
  const users = told?.kind === 'ended' ? told.users : [];
  t.equal(users.length, 9);
  t.same(users[0], { user: 'u0', successes: 2, failures: 0, dropped: 0 });
  t.same(users.at(-1), { user: 'u19', successes: 0, failures: 1, dropped: 0 });
  t.end();
});

t.test(
  'a sign of overload is told at once, with whose it is, whether it is a failure or not',
  (t) => {
    const { sent, ends } = collector();
    for (let i = 0; i < 20; i += 1) ends.add('s', by(1, `u${i}`), end('success'), 1);
    for (const health of ['failure', 'success', 'ignore'] as const) {
      ends.add('s', by(1, 'u19'), end(health, 'dropped'), 1);
    }
    const told = sent.map((event) => (event.kind === 'ended' ? event.users.at(-1) : null));
    t.same(told, [
      { user: 'u19', successes: 0, failures: 1, dropped: 1 },
      { user: 'u19', successes: 1, failures: 0, dropped: 1 },
      { user: 'u19', successes: 0, failures: 0, dropped: 1 },
    ]);
    t.end();
  },
);
