import fc from 'fast-check';
import t from 'tap';
import { BreakerGate } from '../../src/policy/breaker-gate.js';
import { CircuitBreaker } from '../../src/policy/circuit-breaker.js';
import { holds } from './holds.js';
import { expectSame, Step } from './step.js';

const noJitter = (): number => 0.5;

/** 20 failures of calls that were admitted now. */
function trip(breaker: CircuitBreaker, nowMs: number): void {
  breaker.record(breaker.generation, nowMs, 0, 20);
}

function probe(breaker: CircuitBreaker, nowMs: number, succeeded: boolean): void {
  const generation = breaker.startProbe(nowMs);
  if (generation !== undefined) breaker.recordProbe(generation, nowMs, succeeded);
}

// ── against a reference model ───────────────────────────────────────────────────────────────────────────────────────

interface Call {
  readonly generation: number;
  readonly epoch: number;
}

interface Model {
  nowMs: number;
  state: 'closed' | 'open' | 'half-open';
  /** Counts the changes of state; a call belongs to the epoch it began in. */
  epoch: number;
  outcomes: { bucket: number; failed: boolean }[];
  trips: number;
  rampEndsAtMs: number;
  openUntilMs: number;
  probes: number;
  probeInFlight: { id: number; failsAtMs: number } | undefined;
  nextProbe: number;
}

interface Real {
  breaker: CircuitBreaker;
  calls: Call[];
  probes: { generation: number; id: number }[];
}

function open(model: Model): void {
  model.state = 'open';
  model.epoch += 1;
  model.openUntilMs = model.nowMs + Math.min(60_000, 5000 * 2 ** model.trips);
  model.trips += 1;
  model.probeInFlight = undefined;
}

const step = (name: string, act: (model: Model, real: Real) => void): Step<Model, Real> =>
  new Step(name, act, (model, real) => {
    expectSame(real.breaker.state, model.state, 'state');
  });

const advance = fc.integer({ min: 0, max: 8000 }).map((byMs) =>
  step(`advance ${byMs}`, (model) => {
    model.nowMs += byMs;
  }),
);

const startCalls = fc.integer({ min: 1, max: 30 }).map((count) =>
  step(`start ${count} calls`, (model, real) => {
    for (let i = 0; i < count; i += 1) {
      real.calls.push({ generation: real.breaker.generation, epoch: model.epoch });
    }
  }),
);

function finishCall(model: Model, real: Real, call: Call, failed: boolean): void {
  real.breaker.record(call.generation, model.nowMs, failed ? 0 : 1, failed ? 1 : 0);
  if (model.state !== 'closed' || call.epoch !== model.epoch) return;
  if (model.nowMs >= model.rampEndsAtMs) model.trips = 0;
  const bucket = Math.floor(model.nowMs / 1000);
  model.outcomes.push({ bucket, failed });
  const recent = model.outcomes.filter((outcome) => outcome.bucket > bucket - 10);
  const failures = recent.filter((outcome) => outcome.failed).length;
  if (recent.length >= 20 && failures >= recent.length / 2) open(model);
}

const finishCalls = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.boolean(), fc.boolean())
  .map(([count, failed, oldest]) =>
    step(
      `${count} ${oldest ? 'oldest' : 'newest'} ${failed ? 'fail' : 'succeed'}`,
      (model, real) => {
        for (let i = 0; i < count; i += 1) {
          const call = oldest ? real.calls.shift() : real.calls.pop();
          if (call !== undefined) finishCall(model, real, call, failed);
        }
      },
    ),
  );

const startProbe = fc.constant(
  step('start probe', (model, real) => {
    const generation = real.breaker.startProbe(model.nowMs);
    if (model.probeInFlight !== undefined && model.nowMs >= model.probeInFlight.failsAtMs) {
      open(model);
    }
    const due =
      (model.state === 'open' && model.nowMs >= model.openUntilMs) ||
      (model.state === 'half-open' && model.probeInFlight === undefined);
    expectSame(generation !== undefined, due, 'probe started');
    if (generation === undefined) return;
    if (model.state === 'open') {
      model.state = 'half-open';
      model.epoch += 1;
      model.probes = 0;
    }
    model.probeInFlight = { id: model.nextProbe, failsAtMs: model.nowMs + 10_000 };
    real.probes.push({ generation, id: model.nextProbe });
    model.nextProbe += 1;
  }),
);

const finishProbe = (succeeded: boolean, oldest: boolean): Step<Model, Real> =>
  step(
    `${oldest ? 'oldest' : 'newest'} probe ${succeeded ? 'succeeds' : 'fails'}`,
    (model, real) => {
      // The oldest is kept, so that a late result comes again and again.
      const probe = oldest ? real.probes[0] : real.probes.pop();
      if (probe === undefined) return;
      real.breaker.recordProbe(probe.generation, model.nowMs, succeeded);
      if (model.probeInFlight?.id !== probe.id) return;
      model.probeInFlight = undefined;
      if (!succeeded) {
        open(model);
        return;
      }
      model.probes += 1;
      if (model.probes < 3) return;
      model.state = 'closed';
      model.epoch += 1;
      model.outcomes = [];
      model.rampEndsAtMs = model.nowMs + 10_000;
    },
  );

t.test('moves between its states as the model does, whatever comes late', (t) => {
  const commands = fc.commands(
    [
      advance,
      startCalls,
      finishCalls,
      startProbe,
      fc.tuple(fc.boolean(), fc.boolean()).map(([ok, oldest]) => finishProbe(ok, oldest)),
      fc.constant(finishProbe(true, false)),
    ],
    { size: 'max', maxCommands: 200 },
  );
  let statesSeen = '';
  holds(
    t,
    fc.property(commands, (steps) => {
      const model: Model = {
        nowMs: 0,
        state: 'closed',
        epoch: 0,
        outcomes: [],
        trips: 0,
        rampEndsAtMs: -Infinity,
        openUntilMs: 0,
        probes: 0,
        probeInFlight: undefined,
        nextProbe: 0,
      };
      const real = { breaker: new CircuitBreaker(noJitter), calls: [], probes: [] };
      fc.modelRun(() => ({ model, real }), steps);
      if (model.epoch >= 3 && model.state === 'closed') statesSeen = 'came back to closed';
    }),
    { numRuns: 300 },
  );
  t.equal(statesSeen, 'came back to closed', 'the runs reach every state');
  t.end();
});

// ── single rules ────────────────────────────────────────────────────────────────────────────────────────────────────

t.test('a failure from before the trip does not reopen a half-open circuit', (t) => {
  const breaker = new CircuitBreaker(noJitter);
  const early = breaker.generation;
  trip(breaker, 0);
  const probing = breaker.startProbe(5000);
  t.equal(breaker.state, 'half-open');
  breaker.record(early, 5001, 0, 100);
  t.equal(breaker.state, 'half-open');
  breaker.recordProbe(probing ?? 0, 5002, true);
  probe(breaker, 5003, true);
  probe(breaker, 5004, true);
  t.equal(breaker.state, 'closed');
  breaker.record(early, 5005, 0, 100);
  t.equal(breaker.state, 'closed', 'nor does it trip the closed one');
  t.end();
});

t.test('stays open 5 s, doubling to at most 60 s, give or take a fifth', (t) => {
  holds(
    t,
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 6, maxLength: 6 }),
      (randoms) => {
        const queue = [...randoms];
        const breaker = new CircuitBreaker(() => queue.shift() ?? 0);
        let nowMs = 0;
        trip(breaker, nowMs);
        return randoms.every((random, k) => {
          const expectedMs = Math.min(60_000, 5000 * 2 ** k * (0.8 + 0.4 * random));
          const announced = breaker.announce(nowMs);
          if (announced.state !== 'open') return false;
          if (Math.abs(announced.retryAfterMs - expectedMs) > 1e-6) return false;
          if (breaker.startProbe(nowMs + expectedMs - 0.01) !== undefined) return false;
          nowMs += expectedMs + 0.01;
          probe(breaker, nowMs, false);
          return breaker.state === 'open';
        });
      },
    ),
  );
  t.end();
});

t.test('a trip during the ramp keeps the doubling, one after it starts over', (t) => {
  const closeAt = (breaker: CircuitBreaker, nowMs: number): void => {
    for (let i = 0; i < 3; i += 1) probe(breaker, nowMs, true);
    t.equal(breaker.state, 'closed');
  };
  const openForMs = (breaker: CircuitBreaker, nowMs: number): number => {
    const announced = breaker.announce(nowMs);
    return announced.state === 'open' ? announced.retryAfterMs : -1;
  };
  const breaker = new CircuitBreaker(noJitter);
  trip(breaker, 0);
  t.equal(openForMs(breaker, 0), 5000);
  closeAt(breaker, 5000);
  trip(breaker, 14_999);
  t.equal(openForMs(breaker, 14_999), 10_000);
  closeAt(breaker, 25_000);
  trip(breaker, 35_000);
  t.equal(openForMs(breaker, 35_000), 5000);
  t.end();
});

t.test('announces how far the ramp has come', (t) => {
  const breaker = new CircuitBreaker(noJitter);
  t.match(
    breaker.announce(0),
    { state: 'closed', rampMs: 10_000, rampedMs: 10_000 },
    'none at first',
  );
  trip(breaker, 0);
  for (let i = 0; i < 3; i += 1) probe(breaker, 5000, true);
  const { generation } = breaker;
  t.same(breaker.announce(5000), { state: 'closed', generation, rampMs: 10_000, rampedMs: 0 });
  t.match(breaker.announce(8000), { rampedMs: 3000 });
  t.match(breaker.announce(90_000), { rampedMs: 10_000 });
  t.end();
});

t.test('one probe at a time; a probe that never answers counts as failed', (t) => {
  const breaker = new CircuitBreaker(noJitter);
  t.equal(breaker.startProbe(0), undefined, 'none while closed');
  trip(breaker, 0);
  const lost = breaker.startProbe(5000);
  t.ok(lost);
  t.equal(breaker.startProbe(5001), undefined);
  breaker.expireProbe(14_999);
  t.equal(breaker.state, 'half-open');
  breaker.expireProbe(15_000);
  t.equal(breaker.state, 'open');
  const next = breaker.startProbe(25_000);
  breaker.recordProbe(lost ?? 0, 25_001, false);
  t.equal(breaker.state, 'half-open', 'its late result changes nothing');
  breaker.recordProbe(next ?? 0, 25_002, true);
  t.end();
});

t.test('opens at the twentieth failing call and says so to its gates', (t) => {
  const breaker = new CircuitBreaker(noJitter);
  const gate = new BreakerGate();
  gate.apply(breaker.announce(0), 0);
  for (let call = 1; call <= 20; call += 1) {
    t.equal(gate.admit(call), 0);
    breaker.record(gate.generation, call, 0, 1);
    gate.apply(breaker.announce(call), call);
  }
  t.equal(breaker.failureRatio(20), 1);
  t.equal(gate.state, 'open');
  t.equal(gate.admit(20), 5000);
  t.equal(breaker.startProbe(5020), breaker.generation);
  t.same(breaker.announce(5020), { state: 'half-open', generation: breaker.generation });
  t.end();
});
