import fc from 'fast-check';
import t from 'tap';
import { FairQueue, type Waiter } from '../../src/policy/fair-queue.js';
import { holds } from './holds.js';
import { expectSame, Step } from './step.js';

const TIMEOUT_MS = 1000;
const BOUNDS = { maxWaiting: 12, maxWaitingPerUser: 4, timeoutMs: TIMEOUT_MS };
const users = fc.constantFrom('ana', 'bo', 'cy', 'dee');

/** Plain arrays: the users' order of turns, each with its round, and everyone by arrival. */
interface Model {
  nowMs: number;
  next: number;
  turns: { user: string; round: number }[];
  /** Of whoever was served last. */
  round: number;
  parked: Set<string>;
  waiting: { user: string; item: number; arrivedAtMs: number }[];
}

interface Real {
  queue: FairQueue<number>;
  handles: Map<number, Waiter<number>>;
  gone: Waiter<number>[];
}

function leave(model: Model, item: number): void {
  const index = model.waiting.findIndex((waiter) => waiter.item === item);
  const [left] = model.waiting.splice(index, 1);
  if (left === undefined || model.waiting.some((waiter) => waiter.user === left.user)) return;
  model.turns = model.turns.filter(({ user }) => user !== left.user);
  model.parked.delete(left.user);
}

/** At the end of the turns, and in the round after the present one. */
function comeNext({ turns, round }: Model, user: string): void {
  turns.push({ user, round: round + 1 });
}

const step = (name: string, act: (model: Model, real: Real) => void): Step<Model, Real> =>
  new Step(name, act, (model, real) => {
    expectSame(real.queue.length, model.waiting.length, 'length');
    expectSame(real.queue.turn, model.turns[0]?.user, 'turn');
    for (const user of ['ana', 'bo', 'cy', 'dee']) {
      const waiting = model.waiting.filter((waiter) => waiter.user === user).length;
      expectSame(real.queue.waitingOf(user), waiting, `waiting of ${user}`);
    }
  });

const join = users.map((user) =>
  step(`join ${user}`, (model, real) => {
    const item = model.next;
    model.next += 1;
    const result = real.queue.join(user, item, model.nowMs);
    const own = model.waiting.filter((waiter) => waiter.user === user).length;
    if (own >= BOUNDS.maxWaitingPerUser) expectSame(result, 'user-queue-full', 'join');
    else if (model.waiting.length >= BOUNDS.maxWaiting) expectSame(result, 'queue-full', 'join');
    else {
      if (typeof result === 'string') throw new Error(`refused: ${result}`);
      real.handles.set(item, result);
      model.waiting.push({ user, item, arrivedAtMs: model.nowMs });
      if (own === 0) comeNext(model, user);
    }
  }),
);

const firstOf = (model: Model, user: string | undefined) =>
  model.waiting.find((waiter) => waiter.user === user);

/** Prefers every `every`-th item; 0 prefers nobody. */
const serve = fc.constantFrom(0, 0, 1, 2, 3).map((every) =>
  step(`serve, preferring every ${every}th`, (model, real) => {
    const isPreferred = (item: number): boolean => item % every === 0;
    const [head] = model.turns;
    const preferred = model.turns.find(
      ({ user, round }) =>
        round === head?.round && isPreferred(firstOf(model, user)?.item ?? Number.NaN),
    );
    const turn = (every === 0 ? undefined : preferred) ?? head;
    const served = real.queue.serve(every === 0 ? undefined : real.queue.next(isPreferred));
    const expected = firstOf(model, turn?.user);
    expectSame(served?.item, expected?.item, 'served');
    if (head === undefined || turn === undefined || expected === undefined) return;
    if (served !== undefined) real.gone.push(served);
    model.turns.splice(model.turns.indexOf(turn), 1);
    model.round = turn.round;
    comeNext(model, turn.user);
    leave(model, expected.item);
  }),
);

const remove = fc.nat(20).map((pick) =>
  step(`remove ${pick}`, (model, real) => {
    const chosen = model.waiting[pick % Math.max(1, model.waiting.length)];
    const handle = chosen && real.handles.get(chosen.item);
    if (chosen === undefined || handle === undefined) return;
    expectSame(real.queue.remove(handle), true, 'removed');
    real.gone.push(handle);
    leave(model, chosen.item);
  }),
);

const removeAgain = fc.nat(20).map((pick) =>
  step(`remove again ${pick}`, (_, real) => {
    const handle = real.gone[pick % Math.max(1, real.gone.length)];
    if (handle !== undefined) expectSame(real.queue.remove(handle), false, 'removed twice');
  }),
);

const park = users.map((user) =>
  step(`park ${user}`, (model, real) => {
    real.queue.park(user);
    if (!model.turns.some((turn) => turn.user === user)) return;
    model.turns = model.turns.filter((turn) => turn.user !== user);
    model.parked.add(user);
  }),
);

const unpark = users.map((user) =>
  step(`unpark ${user}`, (model, real) => {
    real.queue.unpark(user);
    if (model.parked.delete(user)) comeNext(model, user);
  }),
);

const advance = fc.integer({ min: 0, max: 600 }).map((byMs) =>
  step(`advance ${byMs}`, (model) => {
    model.nowMs += byMs;
  }),
);

const expire = fc.constantFrom(Infinity, 300, 5000).map((maxWaitMs) =>
  step(`expire after ${maxWaitMs}`, (model, real) => {
    const limitMs = Math.min(maxWaitMs, TIMEOUT_MS);
    for (;;) {
      const [oldest] = model.waiting;
      const due = oldest !== undefined && model.nowMs - oldest.arrivedAtMs >= limitMs;
      const expired = real.queue.expireOne(model.nowMs, maxWaitMs);
      expectSame(expired?.item, due ? oldest.item : undefined, 'expired');
      if (!due || expired === undefined) return;
      real.gone.push(expired);
      leave(model, oldest.item);
    }
  }),
);

t.test('serves, removes, parks and expires as plain arrays would', (t) => {
  let served = 0;
  const commands = fc.commands(
    [join, join, join, serve, remove, removeAgain, park, unpark, advance, expire],
    {
      size: 'max',
      maxCommands: 300,
    },
  );
  holds(
    t,
    fc.property(commands, (steps) => {
      const model = {
        nowMs: 0,
        next: 0,
        turns: [],
        round: 0,
        parked: new Set<string>(),
        waiting: [],
      };
      const real = { queue: new FairQueue<number>(BOUNDS), handles: new Map(), gone: [] };
      fc.modelRun(() => ({ model, real }), steps);
      served += real.gone.length;
    }),
    { numRuns: 300 },
  );
  t.ok(served > 1000, `${served} waiters came and went`);
  t.end();
});

t.test("one user's thousand calls delay another's single call by one turn", (t) => {
  const queue = new FairQueue<string>({ ...BOUNDS, maxWaiting: 2000, maxWaitingPerUser: 1000 });
  for (let call = 0; call < 1000; call += 1) queue.join('noisy', 'noisy', 0);
  queue.join('quiet', 'quiet', 1);
  t.equal(queue.serve()?.item, 'noisy');
  t.equal(queue.serve()?.item, 'quiet');
  t.equal(queue.serve()?.item, 'noisy');
  t.end();
});

t.test('who is preferred comes first in its round, and never twice before somebody else', (t) => {
  const queue = new FairQueue<string>({ ...BOUNDS, maxWaiting: 2000, maxWaitingPerUser: 1000 });
  const near = Array.from({ length: 5 }, (_, i) => `near-${i}`);
  const far = Array.from({ length: 5 }, (_, i) => `far-${i}`);
  for (const user of [...far, ...near]) queue.join(user, user, 0);
  const isNear = (user: string): boolean => user.startsWith('near');
  const served: string[] = [];
  for (let turn = 0; turn < 100; turn += 1) {
    const user = queue.serve(queue.next(isNear))?.item ?? '';
    served.push(user);
    // As callers do that wait for their answer and call again.
    queue.join(user, user, turn);
  }
  t.same(served.slice(0, 10), [...near, ...far]);
  for (let turn = 0; turn < 100; turn += 10) {
    t.equal(new Set(served.slice(turn, turn + 10)).size, 10, 'each once in a round');
  }
  t.end();
});

t.test('a closed server refuses everyone, parked or not, oldest first', (t) => {
  const queue = new FairQueue<number>(BOUNDS);
  queue.join('ana', 1, 0);
  queue.join('bo', 2, 1);
  queue.join('ana', 3, 2);
  queue.park('ana');
  t.same(
    [1, 2, 3, 4].map(() => queue.removeOldest()?.item),
    [1, 2, 3, undefined],
  );
  t.equal(queue.length, 0);
  t.equal(queue.turn, undefined);
  t.equal(queue.serve(), undefined);
  t.end();
});
