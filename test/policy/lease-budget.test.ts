import fc from 'fast-check';
import t from 'tap';
import {
  LeaseBudget,
  type ChunkMessage,
  type ChunkReport,
  type ChunkRequest,
  type LendableLimit,
} from '../../src/policy/lease-budget.js';
import { LeaseShare, NEEDS_CHUNK } from '../../src/policy/lease-share.js';
import { SlidingWindow } from '../../src/policy/sliding-window.js';
import { TokenBucket } from '../../src/policy/token-bucket.js';
import { holds } from './holds.js';
import { Step } from './step.js';

// ── several workers, reports under way, deaths ──────────────────────────────────────────────────────────────────────

type ToPrimary =
  | { readonly kind: 'ask'; readonly request: ChunkRequest }
  | { readonly kind: 'report'; readonly report: ChunkReport };

interface Worker {
  readonly incarnation: number;
  readonly share: LeaseShare;
  readonly toPrimary: ToPrimary[];
  readonly toWorker: ChunkMessage[];
  waiting: number;
}

class RateWorld {
  readonly admittedAtMs: number[] = [];
  nowMs = 0;
  refused = 0;
  asked = 0;
  workers: Worker[] = [];
  readonly #budget: LeaseBudget;
  readonly #outbox: ChunkMessage[] = [];
  #lastIncarnation = 0;

  constructor(limit: LendableLimit) {
    this.#budget = new LeaseBudget('key', limit, (message) => this.#outbox.push(message));
    for (let i = 0; i < 3; i += 1) this.start();
  }

  start(): void {
    if (this.workers.length >= 4) return;
    this.#lastIncarnation += 1;
    const share = new LeaseShare({ chunkMs: 200, minChunk: 3, maxChunk: 20, keepMs: 100 });
    this.workers.push({
      incarnation: this.#lastIncarnation,
      share,
      toPrimary: [],
      toWorker: [],
      waiting: 0,
    });
  }

  call(who: number, count: number): void {
    const worker = this.#worker(who);
    if (worker === undefined) return;
    for (let i = 0; i < count; i += 1) this.#call(worker);
    this.#ask(worker);
  }

  deliverToPrimary(who: number, count = Infinity): void {
    const worker = this.#worker(who);
    if (worker === undefined) return;
    for (const message of worker.toPrimary.splice(0, count)) {
      if (message.kind === 'ask') this.#budget.ask(worker.incarnation, message.request, this.nowMs);
      else this.#budget.report(worker.incarnation, message.report, this.nowMs);
    }
    this.#route();
  }

  deliverToWorker(who: number, count = Infinity): void {
    const worker = this.#worker(who);
    if (worker === undefined) return;
    for (const message of worker.toWorker.splice(0, count)) this.#hear(worker, message);
  }

  sweep(who: number): void {
    const worker = this.#worker(who);
    const report = worker?.share.sweep(this.nowMs);
    if (worker && report) worker.toPrimary.push({ kind: 'report', report });
  }

  advance(byMs: number): void {
    this.nowMs += byMs;
    this.#budget.tick(this.nowMs);
    this.#route();
  }

  die(who: number, late: boolean): void {
    const worker = this.#worker(who);
    if (worker === undefined) return;
    if (!late) this.deliverToPrimary(who);
    this.workers = this.workers.filter((other) => other !== worker);
    this.#budget.workerExited(worker.incarnation, this.nowMs);
    for (const message of worker.toPrimary) {
      if (message.kind === 'report')
        this.#budget.report(worker.incarnation, message.report, this.nowMs);
    }
    this.#route();
  }

  settle(): void {
    for (let round = 0; round < 20; round += 1) {
      for (let who = 0; who < this.workers.length; who += 1) {
        this.deliverToPrimary(who);
        this.deliverToWorker(who);
      }
      this.advance(50);
    }
  }

  isIdle(): boolean {
    // A chunk asked for in advance may still be under way: it has to arrive to be returned.
    for (let i = 0; i < 6; i += 1) {
      for (let who = 0; who < this.workers.length; who += 1) {
        this.sweep(who);
        this.deliverToPrimary(who);
        this.deliverToWorker(who);
      }
      this.advance(60);
    }
    this.nowMs += 60_000;
    return this.#budget.isIdle(this.nowMs) && !this.#budget.hasPending;
  }

  #worker(who: number): Worker | undefined {
    return this.workers[who % Math.max(1, this.workers.length)];
  }

  #call(worker: Worker): void {
    const waitMs = worker.waiting > 0 ? NEEDS_CHUNK : worker.share.spend(this.nowMs);
    if (waitMs === 0) this.admittedAtMs.push(this.nowMs);
    else if (waitMs > 0) this.refused += 1;
    else worker.waiting += 1;
  }

  #ask(worker: Worker): void {
    const stocksUp = worker.waiting === 0 && worker.share.isLow(this.nowMs);
    if (worker.waiting === 0 && !stocksUp) return;
    const request = worker.share.ask(this.nowMs, worker.waiting);
    if (request === undefined) return;
    this.asked += 1;
    worker.toPrimary.push({ kind: 'ask', request });
  }

  #hear(worker: Worker, message: ChunkMessage): void {
    if (message.kind === 'chunk-recall') {
      worker.toPrimary.push({ kind: 'report', report: worker.share.recall(this.nowMs) });
      return;
    }
    const waiting = worker.waiting;
    worker.waiting = 0;
    if (message.kind === 'chunk-denied') {
      worker.share.denied(this.nowMs, message.waitMs);
      this.refused += waiting;
      return;
    }
    worker.share.granted(this.nowMs, message.count, message.left, message.waitMs);
    for (let i = 0; i < waiting; i += 1) this.#call(worker);
    this.#ask(worker);
  }

  #route(): void {
    for (const message of this.#outbox.splice(0)) {
      this.workers.find(({ incarnation }) => incarnation === message.to)?.toWorker.push(message);
    }
  }
}

function mostInAnyWindow(atMs: readonly number[], windowMs: number): number {
  let most = 0;
  let start = 0;
  for (let end = 0; end < atMs.length; end += 1) {
    while ((atMs[start] ?? 0) + windowMs <= (atMs[end] ?? 0)) start += 1;
    most = Math.max(most, end - start + 1);
  }
  return most;
}

const pick = fc.nat(1000);
const step = (
  name: string,
  act: (world: RateWorld, who: number, count: number) => void,
): fc.Arbitrary<Step<object, RateWorld>> =>
  fc.tuple(pick, fc.integer({ min: 1, max: 6 })).map(
    ([who, count]) =>
      new Step<object, RateWorld>(
        `${name}(${who}, ${count})`,
        (_, world) => {
          act(world, who, count);
        },
        () => undefined,
      ),
  );

const call = step('call', (world, who, count) => {
  world.call(who, count);
});
const exchange = step('exchange', (world, who) => {
  world.deliverToPrimary(who);
  world.deliverToWorker(who);
});
const advance = step('advance', (world, who) => {
  world.advance(who / 4);
});
const commands = fc.commands(
  [call, call, call, call, exchange, exchange, exchange, advance, advance]
    .concat(
      step('toPrimary', (world, who, count) => {
        world.deliverToPrimary(who, count);
      }),
    )
    .concat(
      step('toWorker', (world, who, count) => {
        world.deliverToWorker(who, count);
      }),
    )
    .concat(
      step('sweep', (world, who) => {
        world.sweep(who);
      }),
    )
    .concat(
      step('sweep', (world, who) => {
        world.sweep(who);
      }),
    )
    .concat(
      step('die', (world, who, count) => {
        world.die(who, count % 2 === 0);
      }),
    )
    .concat(
      step('start', (world) => {
        world.start();
      }),
    ),
  { size: 'max', maxCommands: 300 },
);

const seen = { admitted: 0, refused: 0, spentLocally: 0 };

function run(world: RateWorld, steps: Iterable<fc.Command<object, RateWorld>>): void {
  fc.modelRun(() => ({ model: {}, real: world }), steps);
  world.settle();
  if (world.workers.some((worker) => worker.waiting > 0))
    throw new Error('a call was never answered');
  seen.admitted += world.admittedAtMs.length;
  seen.refused += world.refused;
  seen.spentLocally += Math.max(0, world.admittedAtMs.length - world.asked);
}

t.test('over several workers a sliding window admits no more than its limit in any window', (t) => {
  holds(
    t,
    fc.property(commands, fc.constantFrom(3, 10, 300), (steps, limit) => {
      const world = new RateWorld(new SlidingWindow({ limit, windowMs: 1000 }));
      run(world, steps);
      return mostInAnyWindow(world.admittedAtMs, 1000) <= limit && world.isIdle();
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('over several workers a token bucket admits no more than capacity + rate * time', (t) => {
  holds(
    t,
    fc.property(commands, fc.constantFrom(3, 10, 40), (steps, capacity) => {
      const world = new RateWorld(new TokenBucket({ capacity, refillPerSecond: capacity }, 0));
      run(world, steps);
      let bestStart = -Infinity;
      const isBounded = world.admittedAtMs.every((atMs, index) => {
        const line = (capacity / 1000) * atMs - index;
        bestStart = Math.max(bestStart, line);
        return bestStart - line + 1 <= capacity + 1e-6;
      });
      return isBounded && world.isIdle();
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('the runs saw every kind of thing', (t) => {
  for (const [what, count] of Object.entries(seen)) t.ok(count > 300, `${what}: ${count}`);
  t.end();
});

t.test(
  'of calls spread over the workers exactly the limit is admitted: no chunk lies idle elsewhere',
  (t) => {
    holds(
      t,
      fc.property(
        fc.array(fc.nat(2), { minLength: 30, maxLength: 60 }),
        fc.integer({ min: 1, max: 25 }),
        (order, limit) => {
          const world = new RateWorld(new SlidingWindow({ limit, windowMs: 1000 }));
          for (const who of order) {
            world.call(who, 1);
            for (let round = 0; round < 4; round += 1) {
              for (let other = 0; other < 3; other += 1) {
                world.deliverToPrimary(other);
                world.deliverToWorker(other);
              }
            }
            world.advance(1);
          }
          return world.admittedAtMs.length === limit && world.refused === order.length - limit;
        },
      ),
    );
    t.end();
  },
);

// ── single rules ────────────────────────────────────────────────────────────────────────────────────────────────────

function windowBudget(limit: number): {
  budget: LeaseBudget<SlidingWindow>;
  sent: () => ChunkMessage[];
} {
  const outbox: ChunkMessage[] = [];
  const window = new SlidingWindow({ limit, windowMs: 1000 });
  const budget = new LeaseBudget('k', window, (message) => outbox.push(message));
  return { budget, sent: () => outbox.splice(0) };
}

const report = (spent: number, returned: number, answersRecall = false): ChunkReport => ({
  spent,
  returned,
  spentAgeMs: 0,
  answersRecall,
});

t.test('lends what is needed and half of the rest in advance', (t) => {
  const { budget, sent } = windowBudget(10);
  budget.ask(1, { needed: 2, wanted: 100 }, 0);
  budget.ask(2, { needed: 1, wanted: 2 }, 0);
  budget.ask(2, { needed: 0, wanted: 9 }, 0);
  t.same(sent(), [
    { kind: 'chunk', to: 1, key: 'k', count: 6, left: 4, waitMs: 0 },
    { kind: 'chunk', to: 2, key: 'k', count: 2, left: 2, waitMs: 0 },
    { kind: 'chunk', to: 2, key: 'k', count: 1, left: 1, waitMs: 0 },
  ]);
  t.end();
});

t.test('an ask that finds nothing waits for the chunks of the others, each recalled once', (t) => {
  const { budget, sent } = windowBudget(4);
  budget.ask(1, { needed: 4, wanted: 4 }, 0);
  sent();
  budget.ask(2, { needed: 1, wanted: 3 }, 0);
  budget.ask(3, { needed: 2, wanted: 2 }, 0);
  t.same(sent(), [{ kind: 'chunk-recall', to: 1, key: 'k' }]);
  t.ok(budget.hasPending);
  budget.report(1, report(1, 0), 10);
  t.same(sent(), [], 'a report that was under way answers nothing');
  budget.report(1, report(1, 2, true), 20);
  t.same(
    sent(),
    [
      { kind: 'chunk', to: 2, key: 'k', count: 1, left: 1, waitMs: 0 },
      { kind: 'chunk', to: 3, key: 'k', count: 1, left: 0, waitMs: 990 },
    ],
    'contended: nothing in advance; the call that is not covered is refused at once',
  );
  budget.ask(3, { needed: 0, wanted: 5 }, 30);
  t.same(
    sent(),
    [{ kind: 'chunk', to: 3, key: 'k', count: 0, left: 0, waitMs: 0 }],
    'stocking up recalls nobody',
  );
  t.end();
});

t.test('a contended limit lends nothing in advance, for a second after the recall', (t) => {
  const { budget, sent } = windowBudget(20);
  budget.ask(1, { needed: 20, wanted: 20 }, 0);
  budget.ask(2, { needed: 1, wanted: 9 }, 100);
  budget.report(1, report(0, 20, true), 100);
  budget.ask(3, { needed: 2, wanted: 9 }, 1099);
  budget.ask(3, { needed: 2, wanted: 9 }, 1100);
  const counts = sent().flatMap((message) => (message.kind === 'chunk' ? [message.count] : []));
  t.same(counts, [20, 1, 2, 9]);
  t.end();
});

t.test('is idle only when nothing is lent, nobody waits and the limit is idle', (t) => {
  const { budget } = windowBudget(2);
  t.ok(budget.isIdle(0));
  budget.ask(1, { needed: 1, wanted: 1 }, 0);
  t.notOk(budget.isIdle(0));
  budget.report(1, report(1, 0), 0);
  t.notOk(budget.isIdle(999), 'what was spent still counts');
  t.ok(budget.isIdle(1000));
  budget.ask(1, { needed: 1, wanted: 1 }, 1000);
  t.notOk(budget.isIdle(9000), 'what is lent does not age');
  t.end();
});

t.test(
  'when the others have spent theirs the ask is denied, with the time until a place is free',
  (t) => {
    const { budget, sent } = windowBudget(2);
    budget.ask(1, { needed: 2, wanted: 2 }, 0);
    budget.ask(2, { needed: 1, wanted: 1 }, 100);
    budget.report(1, report(2, 0, true), 150);
    t.same(sent().slice(2), [{ kind: 'chunk-denied', to: 2, key: 'k', waitMs: 1000 }]);
    budget.ask(2, { needed: 1, wanted: 1 }, 400);
    t.same(sent(), [{ kind: 'chunk-denied', to: 2, key: 'k', waitMs: 750 }], 'nobody to recall');
    budget.ask(2, { needed: 1, wanted: 1 }, 1150);
    t.match(sent(), [{ kind: 'chunk', to: 2, count: 1 }]);
    t.end();
  },
);

t.test('a worker that does not answer a recall costs the asking one a tenth of a second', (t) => {
  const { budget, sent } = windowBudget(2);
  budget.ask(1, { needed: 2, wanted: 2 }, 0);
  budget.ask(2, { needed: 1, wanted: 1 }, 0);
  sent();
  budget.tick(99);
  t.same(sent(), []);
  budget.tick(100);
  t.match(sent(), [{ kind: 'chunk-denied', to: 2 }]);
  t.notOk(budget.hasPending);
  t.end();
});

t.test('what a dead worker held counts as spent at its exit', (t) => {
  const { budget, sent } = windowBudget(2);
  budget.ask(1, { needed: 2, wanted: 2 }, 0);
  budget.ask(2, { needed: 1, wanted: 1 }, 10);
  sent();
  budget.workerExited(1, 50);
  t.same(sent(), [{ kind: 'chunk-denied', to: 2, key: 'k', waitMs: 1000 }]);
  budget.report(1, report(0, 2), 60);
  t.equal(budget.limit.remaining(1049), 0, 'its late report is ignored');
  t.equal(budget.limit.remaining(1050), 2);
  t.ok(budget.isIdle(1050));
  t.end();
});

t.test('more than was lent is not believed', (t) => {
  const { budget } = windowBudget(5);
  budget.ask(1, { needed: 2, wanted: 2 }, 0);
  budget.report(1, report(1, 9), 0);
  t.equal(budget.limit.remaining(0), 4);
  budget.report(1, report(3, 0), 0);
  t.equal(budget.limit.remaining(0), 4);
  t.end();
});

t.test('what can never be admitted is denied for a day, not for ever', (t) => {
  const { budget, sent } = windowBudget(0);
  budget.ask(1, { needed: 1, wanted: 1 }, 0);
  t.same(sent(), [{ kind: 'chunk-denied', to: 1, key: 'k', waitMs: 86_400_000 }]);
  t.notOk(budget.hasPending);
  t.end();
});

t.test('a limit of another kind counts what is lent as spent', (t) => {
  const sent: ChunkMessage[] = [];
  const budget = new LeaseBudget<LendableLimit>(
    'k',
    new SlidingWindow({ limit: 10, windowMs: 1000 }),
    (message) => sent.push(message),
  );
  budget.ask(1, { needed: 6, wanted: 6 }, 0);
  budget.replaceLimit(new TokenBucket({ capacity: 8, refillPerSecond: 1 }, 0), 0);
  budget.ask(2, { needed: 5, wanted: 5 }, 0);
  t.match(sent.at(-1), { kind: 'chunk', to: 2, count: 2 }, '6 of the 8 are with the other worker');
  budget.report(1, { spent: 6, returned: 0, spentAgeMs: 0, answersRecall: false }, 0);
  budget.ask(2, { needed: 1, wanted: 1 }, 0);
  t.match(sent.at(-1), { kind: 'chunk-denied' }, 'and what it says about them changes nothing');
  t.end();
});
