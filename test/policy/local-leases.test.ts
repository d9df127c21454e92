import fc from 'fast-check';
import t from 'tap';
import type { Grant, Recall } from '../../src/policy/lease-messages.js';
import { LocalLeases } from '../../src/policy/local-leases.js';
import { holds } from './holds.js';

const grant = (user: string, server: string, brokered: Grant['brokered'] = 'none'): Grant => ({
  kind: 'grant',
  to: 1,
  ticket: 1,
  user,
  server,
  brokered,
  brokerMs: 1000,
});

const recall = (scope: Recall['scope'], key: string): Recall => ({
  kind: 'recall',
  to: 1,
  scope,
  key,
  brokerMs: 1000,
});

t.test(
  'starts a call from any idle pair: the server slot of one user, the user slot of another server',
  (t) => {
    const leases = new LocalLeases();
    t.notOk(leases.take('ana', 'a'));
    leases.granted(grant('ana', 'a'), true, 0);
    leases.granted(grant('bo', 'b'), true, 0);
    t.notOk(leases.take('ana', 'a'), 'in use');
    leases.put('ana', 'a', 1);
    leases.put('bo', 'b', 1);
    t.ok(leases.take('ana', 'b'));
    t.ok(leases.take('bo', 'a'));
    t.same(leases.drainReturns(), []);
    t.end();
  },
);

t.test('one idle half is not enough', (t) => {
  const leases = new LocalLeases();
  leases.granted(grant('ana', 'a'), true, 0);
  leases.granted(grant('ana', 'b'), true, 0);
  leases.put('ana', 'a', 0);
  t.notOk(leases.take('bo', 'a'), 'a user never seen');
  t.ok(leases.take('ana', 'a'));
  leases.granted(grant('bo', 'a'), false, 0);
  t.notOk(leases.take('ana', 'a'), 'a user with every slot in use');
  t.equal(leases.idle('server', 'a'), 1, 'and nothing is taken then');
  t.end();
});

t.test('gives up the idle half with a ticket', (t) => {
  const leases = new LocalLeases();
  leases.granted(grant('ana', 'a'), true, 0);
  leases.put('ana', 'a', 0);
  t.equal(leases.surrender('bo', 'a'), 'server');
  t.equal(leases.idle('server', 'a'), 0);
  t.equal(leases.surrender('bo', 'a'), undefined, 'nothing left of it');
  t.equal(leases.surrender('ana', 'b'), 'user');
  t.equal(leases.surrender('ana', 'b'), undefined);
  t.same(leases.drainReturns(), [], 'it goes with the ticket, not by itself');
  t.end();
});

t.test(
  'a grant that is no longer wanted becomes idle slots, or goes back when someone waits for it',
  (t) => {
    const leases = new LocalLeases();
    leases.granted(grant('ana', 'a'), false, 0);
    t.ok(leases.take('ana', 'a'));
    leases.granted(grant('bo', 'b', 'both'), false, 0);
    t.same(leases.drainReturns(), [
      { kind: 'server', key: 'b', count: 1 },
      { kind: 'user', key: 'bo', count: 1 },
    ]);
    t.end();
  },
);

t.test(
  'a recall returns what is idle, and then whatever becomes free while the key is brokered',
  (t) => {
    const leases = new LocalLeases();
    for (let i = 0; i < 3; i += 1) leases.granted(grant('ana', 'a'), true, 0);
    leases.put('ana', 'a', 0);
    leases.recall(recall('server', 'a'), 100);
    t.same(leases.drainReturns(), [{ kind: 'server', key: 'a', count: 1 }]);
    leases.put('ana', 'a', 1099);
    t.same(leases.drainReturns(), [{ kind: 'server', key: 'a', count: 1 }]);
    leases.put('ana', 'a', 1100);
    t.same(leases.drainReturns(), [], 'no longer brokered');
    t.equal(leases.idle('user', 'ana'), 3, 'the user slots were not recalled');
    leases.recall(recall('user', 'ana'), 1100);
    t.same(leases.drainReturns(), [{ kind: 'user', key: 'ana', count: 3 }]);
    t.end();
  },
);

t.test('a recall of the total takes the idle slots of every server', (t) => {
  const leases = new LocalLeases();
  for (const server of ['a', 'b', 'c']) leases.granted(grant('ana', server), true, 0);
  leases.put('ana', 'a', 0);
  leases.put('ana', 'b', 0);
  leases.recall(recall('total', ''), 0);
  leases.put('ana', 'c', 999);
  t.same(
    leases.drainReturns().map(({ kind, key }) => `${kind} ${key}`),
    ['server a', 'server b', 'server c'],
  );
  leases.granted(grant('ana', 'd'), true, 999);
  leases.put('ana', 'd', 1000);
  t.same(leases.drainReturns(), []);
  t.end();
});

t.test('a brokered grant goes back when its call ends, even if no recall came', (t) => {
  const leases = new LocalLeases();
  leases.granted(grant('ana', 'a', 'server'), true, 0);
  leases.granted(grant('bo', 'b', 'user'), true, 0);
  leases.put('ana', 'a', 10);
  leases.put('bo', 'b', 10);
  t.same(leases.drainReturns(), [
    { kind: 'server', key: 'a', count: 1 },
    { kind: 'user', key: 'bo', count: 1 },
  ]);
  t.end();
});

t.test('slots of a user stay for forty sweeps, because nobody else could use them', (t) => {
  const leases = new LocalLeases();
  leases.granted(grant('ana', 'a'), true, 0);
  leases.put('ana', 'a', 10);
  // Looked at with the first, and again when all users were.
  for (let sweep = 1; sweep <= 40; sweep += 1) leases.sweep(sweep * 125);
  t.same(leases.drainReturns(), [{ kind: 'server', key: 'a', count: 1 }]);
  leases.sweep(5125);
  t.same(leases.drainReturns(), [{ kind: 'user', key: 'ana', count: 1 }]);
  t.end();
});

t.test('no sweep looks at more than its part of the users, and all together at each once', (t) => {
  const leases = new LocalLeases({ userSweepEvery: 4 });
  const users = Array.from({ length: 10 }, (_, n) => `user-${n}`);
  for (const user of users) leases.granted(grant(user, 'a'), true, 0);
  for (const user of users) leases.put(user, 'a', 10);
  const returned = (): string[] =>
    leases.drainReturns().flatMap(({ kind, key }) => (kind === 'user' ? [key] : []));
  for (let sweep = 1; sweep <= 4; sweep += 1) leases.sweep(sweep * 125);
  t.same(returned(), [], 'seen idle once');
  const rounds = Array.from({ length: 4 }, (_, n) => {
    leases.sweep(625 + n * 125);
    return returned();
  });
  t.same(
    rounds.map(({ length }) => length),
    [3, 3, 3, 1],
  );
  t.same(rounds.flat(), users);
  t.end();
});

t.test('idle slots go back after one to two sweeps, those in use every now and then stay', (t) => {
  const leases = new LocalLeases({ userSweepEvery: 1 });
  for (let i = 0; i < 5; i += 1) leases.granted(grant('ana', 'a'), true, 0);
  for (let i = 0; i < 5; i += 1) leases.put('ana', 'a', 10);
  leases.sweep(125);
  t.same(leases.drainReturns(), [], 'not idle for a whole sweep yet');
  leases.take('ana', 'a');
  leases.take('ana', 'a');
  leases.put('ana', 'a', 200);
  leases.put('ana', 'a', 200);
  leases.sweep(250);
  t.same(leases.drainReturns(), [
    { kind: 'server', key: 'a', count: 3 },
    { kind: 'user', key: 'ana', count: 3 },
  ]);
  leases.sweep(375);
  t.equal(leases.idle('server', 'a'), 0);
  t.equal(leases.size, 0, 'and the keys are forgotten');
  t.end();
});

t.test('a brokered key is remembered until it is brokered no more', (t) => {
  const leases = new LocalLeases({ userSweepEvery: 1 });
  leases.granted(grant('ana', 'a', 'both'), true, 0);
  leases.put('ana', 'a', 1);
  leases.sweep(999);
  t.equal(leases.size, 2);
  leases.sweep(1000);
  t.equal(leases.size, 0);
  leases.recall(recall('server', 'a'), 1001);
  t.equal(leases.size, 0, 'a recall of what it does not hold leaves no trace');
  t.end();
});

t.test('a draining worker keeps nothing idle', (t) => {
  const leases = new LocalLeases({ userSweepEvery: 1 });
  leases.granted(grant('ana', 'a'), false, 0);
  leases.granted(grant('bo', 'b'), true, 0);
  leases.returnAllIdle();
  t.same(leases.drainReturns(), [
    { kind: 'server', key: 'a', count: 1 },
    { kind: 'user', key: 'ana', count: 1 },
  ]);
  t.end();
});

t.test('the table of idle keys is bounded: beyond it slots go straight back', (t) => {
  const leases = new LocalLeases({ userSweepEvery: 1, maxIdleKeys: 2 });
  for (const user of ['ana', 'bo', 'cy']) leases.granted(grant(user, 'a'), true, 0);
  leases.put('cy', 'a', 0);
  t.same(leases.drainReturns(), [{ kind: 'user', key: 'cy', count: 1 }]);
  t.end();
});

t.test('a call put back twice is counted and changes nothing', (t) => {
  const leases = new LocalLeases({ userSweepEvery: 1 });
  leases.put('ana', 'a', 0);
  leases.granted(grant('ana', 'a'), true, 0);
  leases.put('ana', 'a', 0);
  leases.put('ana', 'a', 0);
  t.equal(leases.excessPuts, 2);
  t.equal(leases.idle('server', 'a'), 1);
  t.equal(leases.inUse('user', 'ana'), 0);
  t.end();
});

t.test('slots are neither made nor lost, and none stays idle longer than two sweeps', (t) => {
  const steps = fc.array(
    fc.tuple(
      fc.constantFrom('call', 'put', 'recall', 'sweep', 'drop'),
      fc.constantFrom('a', 'b'),
      fc.nat(50),
    ),
    { size: 'max', maxLength: 300 },
  );
  holds(
    t,
    fc.property(steps, (taken) => {
      const leases = new LocalLeases({ userSweepEvery: 1 });
      const inFlight: string[] = [];
      let granted = 0;
      let surrendered = 0;
      let returned = 0;
      let nowMs = 0;
      for (const [what, server, gapMs] of taken) {
        nowMs += gapMs;
        if (what === 'call') {
          if (leases.take('ana', server)) inFlight.push(server);
          else {
            if (leases.surrender('ana', server) === 'server') surrendered += 1;
            leases.granted(grant('ana', server), true, nowMs);
            granted += 1;
            inFlight.push(server);
          }
        } else if (what === 'put') {
          const ended = inFlight.shift();
          if (ended !== undefined) leases.put('ana', ended, nowMs);
        } else if (what === 'recall') leases.recall(recall('server', server), nowMs);
        else if (what === 'sweep') leases.sweep(nowMs);
        else {
          leases.granted(grant('ana', server), false, nowMs);
          granted += 1;
        }
        for (const { kind, count } of leases.drainReturns())
          if (kind === 'server') returned += count;
        const held = ['a', 'b'].reduce(
          (sum, key) => sum + leases.idle('server', key) + leases.inUse('server', key),
          0,
        );
        if (held + returned + surrendered !== granted) return false;
        if (leases.inUse('server', 'a') + leases.inUse('server', 'b') !== inFlight.length)
          return false;
      }
      leases.sweep(nowMs);
      leases.sweep(nowMs);
      return (
        leases.idle('server', 'a') + leases.idle('server', 'b') + leases.idle('user', 'ana') === 0
      );
    }),
  );
  t.end();
});

const own = (maxPerUser: number) => ({ maxPerUser });

t.test('nothing is used that was lent under another limit of the user', (t) => {
  const leases = new LocalLeases();
  leases.granted(grant('ana', 'a'), true, 0, own(2));
  leases.granted(grant('ana', 'a'), true, 0, own(2));
  leases.put('ana', 'a', 0);
  t.ok(leases.take('ana', 'a', own(2)));
  leases.put('ana', 'a', 0);
  t.notOk(leases.take('ana', 'a', own(3)));
  t.notOk(leases.take('ana', 'a'));
  t.equal(leases.surrender('ana', 'a', own(3)), 'server');
  t.same(leases.drainReturns(), [{ kind: 'user', key: 'ana', count: 1 }]);
  leases.put('ana', 'a', 1);
  t.ok(leases.take('ana', 'a', own(3)), 'what was in use stays, under the limit that holds now');
  t.end();
});

t.test('a call on two accounts needs a slot of each, and gives both back', (t) => {
  const leases = new LocalLeases();
  const both = { maxPerUser: 3, within: { name: 'shared', limit: 2 } };
  leases.granted({ ...grant('ana', 'a'), within: 'shared' }, true, 0, both);
  t.equal(leases.inUse('user', 'shared'), 1);
  leases.put('ana', 'a', 0, 'shared');
  t.ok(leases.take('ana', 'a', both));
  leases.put('ana', 'a', 0, 'shared');
  t.ok(leases.take('ana', 'a', { maxPerUser: 3 }), 'without the second account too');
  leases.put('ana', 'a', 0);
  t.notOk(leases.take('ana', 'a', { ...both, within: { name: 'shared', limit: 1 } }), 'changed');
  t.notOk(leases.take('ana', 'a', { ...both, within: { name: 'other', limit: 2 } }), 'unknown');
  t.equal(leases.idle('user', 'ana'), 1, 'and nothing was taken');

  const changed = { ...both, within: { name: 'shared', limit: 1 } };
  t.equal(leases.surrender('ana', 'a', changed), 'server');
  t.same(
    leases.drainReturns(),
    [
      { kind: 'user', key: 'shared', count: 1 },
      { kind: 'user', key: 'ana', count: 1 },
    ],
    'whatever part is idle goes back with the ticket',
  );
  t.end();
});

t.test('what came unwanted of a second account is used under no limit', (t) => {
  const leases = new LocalLeases();
  leases.granted({ ...grant('ana', 'a'), within: 'shared' }, false, 0);
  t.equal(leases.idle('user', 'shared'), 1);
  t.notOk(leases.take('ana', 'a', { within: { name: 'shared', limit: 1 } }));
  t.ok(leases.take('ana', 'a'));
  leases.put('ana', 'a', 0, 'shared');
  t.equal(leases.excessPuts, 1, 'nothing of it was in use');
  t.end();
});

t.test('a recall of users brokers the second account of a grant too', (t) => {
  const leases = new LocalLeases();
  const both = { maxPerUser: undefined, within: { name: 'shared', limit: 2 } };
  leases.granted({ ...grant('ana', 'a', 'user'), within: 'shared' }, true, 0, both);
  leases.put('ana', 'a', 10, 'shared');
  t.same(leases.drainReturns(), [
    { kind: 'user', key: 'ana', count: 1 },
    { kind: 'user', key: 'shared', count: 1 },
  ]);
  t.end();
});
