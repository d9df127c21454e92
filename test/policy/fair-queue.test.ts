import fc from 'fast-check';
import t from 'tap';
import { FairQueue, type Waiter } from '../../src/policy/fair-queue.js';
import { holds } from './holds.js';
import { expectSame, Step } from './step.js';

const TIMEOUT_MS = 1000;
const PATIENCE_MS = 2;
const BOUNDS = { maxWaiting: 12, maxWaitingPerUser: 4, timeoutMs: TIMEOUT_MS };
const users = fc.constantFrom('ana', 'bo', 'cy', 'dee');

/** Plain arrays: the users' order of turns, each with its round, and everyone by arrival. */
interface Model {
  nowMs: number;
  next: number;
  turns: { user: string; round: number }[];
  /** The latest that anybody was served in. */
  round: number;
  /** Whose turn it was when last asked who is next, and since when. */
  due: { turn: Model['turns'][number]; sinceMs: number } | undefined;
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
    if (every > 0 && head !== undefined && model.due?.turn !== head) {
      model.due = { turn: head, sinceMs: model.nowMs };
    }
    const isPatient = model.nowMs - (model.due?.sinceMs ?? 0) < PATIENCE_MS;
    const preferred = model.turns.find(
      ({ user, round }) =>
        (isPatient || round === head?.round) &&
        isPreferred(firstOf(model, user)?.item ?? Number.NaN),
    );
    const turn = (every === 0 ? undefined : preferred) ?? head;
    const next = every === 0 ? undefined : real.queue.next(model.nowMs, isPreferred);
    const served = real.queue.serve(next);
    const expected = firstOf(model, turn?.user);
    expectSame(served?.item, expected?.item, 'served');
    if (head === undefined || turn === undefined || expected === undefined) return;
    if (served !== undefined) real.gone.push(served);
    model.turns.splice(model.turns.indexOf(turn), 1);
    model.round = Math.max(model.round, turn.round);
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
        due: undefined,
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

t.test('who is preferred comes first in its round, and before a turn that has just come', (t) => {
  const queue = new FairQueue<string>({ ...BOUNDS, maxWaiting: 2000, maxWaitingPerUser: 1000 });
  const near = Array.from({ length: 5 }, (_, i) => `near-${i}`);
  const far = Array.from({ length: 5 }, (_, i) => `far-${i}`);
  for (const user of [...far, ...near]) queue.join(user, user, 0);
  const isNear = (user: string): boolean => user.startsWith('near');
  const serveAt = (nowMs: number): string => {
    const user = queue.serve(queue.next(nowMs, isNear))?.item ?? '';
    // As callers do that wait for their answer and call again.
    queue.join(user, user, nowMs);
    return user;
  };
  const at = (times: readonly number[]): string[] => times.map((nowMs) => serveAt(nowMs));
  t.same(at([0, 1, 2, 3, 4]), near, 'in its round, whatever the time');
  t.same(at([5]), ['far-0'], 'whose turn it was all the time');
  t.same(at([5, 6, 6]), ['near-0', 'near-1', 'near-2'], 'of the next round, for a moment');
  t.same(at([7]), ['far-1'], 'whose turn has come at 5');
  t.end();
});

t.test('a turn that has come is put off for no longer than a moment', (t) => {
  const queue = new FairQueue<string>({ ...BOUNDS, maxWaiting: 2000, maxWaitingPerUser: 1000 });
  const users = Array.from({ length: 20 }, (_, i) => `${i % 4 === 0 ? 'far' : 'near'}-${i}`);
  for (const user of users) queue.join(user, user, 0);
  const turns = new Map<string, number>();
  for (let nowMs = 0; nowMs < 20_000; nowMs += 1) {
    const user = queue.serve(queue.next(nowMs, (name) => name.startsWith('near')))?.item ?? '';
    turns.set(user, (turns.get(user) ?? 0) + 1);
    queue.join(user, user, nowMs);
  }
  const [least, most] = [Math.min(...turns.values()), Math.max(...turns.values())];
  t.equal(turns.size, users.length);
  t.ok(most <= least * 2, `turns between ${least} and ${most}`);
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
