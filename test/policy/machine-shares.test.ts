import fc from 'fast-check';
import t from 'tap';
import { MachineShares } from '../../src/policy/machine-shares.js';
import { ACCOUNTS, LEASE_MS, LIMITS, MachineWorld, MAX_STEP_MS } from './machine-world.js';

const KEYS = [...LIMITS.keys()];
const NAMES = [...ACCOUNTS.keys()];
const RATES = ['rate:gateway', 'rate:account:user:ana'];
const machine = fc.nat(5);
const key = fc.constantFrom(...KEYS);
const used = fc.constantFrom('total', 'server:a', 'account:ana', 'account:bo');
const account = fc.constantFrom(...NAMES);
const event = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('advance'), machine }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('renew'), machine }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.nat(MAX_STEP_MS) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('want'), machine, key, units: fc.nat(25) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('name'),
      machine,
      account,
      wanted: fc.option(fc.nat(12)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('begin'), machine, key: used }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end'), machine, key: used }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('spend'), machine, rate: fc.constantFrom(...RATES) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('start') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill', 'leave'), machine }) },
);
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

function play(world: MachineWorld, step: Event): void {
  if (step.kind === 'start') {
    if (world.machines.length < 5) world.start();
    return;
  }
  if ('ms' in step) {
    world.pass(step.ms);
    return;
  }
  if (!('machine' in step)) return;
  const chosen = world.machines[step.machine % Math.max(1, world.machines.length)];
  if (chosen === undefined) return;
  if (step.kind === 'advance') world.advance(chosen);
  else if (step.kind === 'renew') world.renew(chosen);
  else if (step.kind === 'kill') world.kill(chosen);
  else if (step.kind === 'leave') world.leave(chosen);
  else if ('rate' in step) world.spend(chosen, step.rate);
  else if ('account' in step) world.want(chosen, step.account, step.wanted);
  else if ('units' in step) chosen.shares.setWant(step.key, step.units);
  else if ('key' in step && step.kind === 'begin') world.begin(chosen, step.key);
  else if ('key' in step) world.end(chosen, step.key);
}

t.test('whatever overlaps with whatever, all machines together stay within every limit', (t) => {
  fc.assert(
    fc.property(fc.array(event, { size: 'max', maxLength: 400 }), (events) => {
      const world = new MachineWorld();
      world.start();
      world.start();
      for (const [at, step] of events.entries()) {
        play(world, step);
        const fault = world.fault();
        if (fault !== null) throw new Error(`after event ${at} (${step.kind}): ${fault}`);
      }
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('after any history everything is used again, and who is left alone has it all', (t) => {
  fc.assert(
    fc.property(fc.array(event, { size: 'max', maxLength: 200 }), (events) => {
      const world = new MachineWorld();
      for (const step of events) play(world, step);
      if (world.machines.length === 0) world.start();
      for (const { inUse } of world.machines) inUse.clear();
      world.settle(30);
      for (const key of [...KEYS, ...NAMES]) {
        const parts = world.machines.map(({ shares }) => shares.partOf(key));
        const sum = parts.reduce((total, part) => total + part, 0);
        if (Math.abs(sum - 1) > 1e-6) throw new Error(`${key}: ${parts.join(' + ')}`);
      }
      const [last, ...others] = world.machines;
      for (const other of others) world.kill(other);
      world.settle(LEASE_MS / 1000 + 2);
      if (last?.shares.isDivided !== false) throw new Error('the last one does not have it all');
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('a machine that is alone has everything from its first renewal, and claims it', (t) => {
  const world = new MachineWorld();
  const alone = world.start();
  world.renew(alone);
  t.equal(alone.shares.isDivided, false);
  t.equal(world.units(alone, 'total'), 20);
  t.equal(alone.shares.isUnsettled, false);
  t.same(
    alone.shares.report(0, () => 0),
    { holdsAll: true, claimsAll: false, shares: {} },
  );
  t.end();
});

t.test('two that are idle share equally; who wants more gets what the other leaves', (t) => {
  const world = new MachineWorld();
  const [one, two] = [world.start(), world.start()];
  world.settle(5);
  t.same([world.units(one, 'total'), world.units(two, 'total')], [10, 10]);
  t.equal(world.units(one, 'server:a') + world.units(two, 'server:a'), 3, 'remainders too');
  one.shares.setWant('total', 20);
  world.settle(3);
  t.same([world.units(one, 'total'), world.units(two, 'total')], [18, 2], 'the floor stays');
  two.shares.setWant('total', 20);
  world.settle(3);
  t.same([world.units(one, 'total'), world.units(two, 'total')], [10, 10]);
  one.shares.setWant('total', 3);
  two.shares.setWant('total', 12);
  world.settle(3);
  t.ok(world.units(two, 'total') >= 12);
  t.end();
});

t.test('a user who is at one machine has most of the limit there, while it wants it', (t) => {
  const world = new MachineWorld();
  const [one, two] = [world.start(), world.start()];
  world.settle(5);
  const units = (name: string) => [one, two].map((machine) => world.units(machine, name));
  t.same(units('account:ana'), [4, 4]);
  world.want(one, 'account:ana', 8);
  world.settle(2);
  t.same(units('account:ana'), [7, 1]);
  t.same(units('account:bo'), [4, 4], 'others are not concerned');
  t.same(units('users'), [6, 6]);
  world.want(two, 'account:ana', 8);
  world.settle(2);
  t.same(units('account:ana'), [4, 4]);
  world.want(one, 'account:ana', null);
  world.settle(2);
  t.same(units('account:ana'), [1, 7]);
  const three = world.start();
  world.settle(4);
  t.same([...units('account:ana'), world.units(three, 'account:ana')], [1, 6, 1]);
  world.want(two, 'account:ana', null);
  world.settle(3);
  t.same([...units('account:ana'), world.units(three, 'account:ana')], [2, 2, 2]);
  for (const { shares } of world.machines) t.same([...shares.accounts], [], 'and it is forgotten');
  t.end();
});

t.test('a machine names a bounded number of accounts', (t) => {
  const world = new MachineWorld();
  const [one] = [world.start(), world.start()];
  world.settle(4);
  for (let n = 0; n < 150; n += 1) world.want(one, `account:u${n}`, 1);
  world.settle(1);
  t.equal([...one.shares.accounts].length, 100);
  t.end();
});

t.test('what runs above a lowered share is not given to others before it ends', (t) => {
  const world = new MachineWorld();
  const one = world.start();
  world.settle(1);
  for (let call = 0; call < 20; call += 1) world.begin(one, 'total');
  const two = world.start();
  world.settle(4);
  t.same([world.units(one, 'total'), world.units(two, 'total')], [10, 0]);
  for (let call = 0; call < 14; call += 1) world.end(one, 'total');
  world.settle(1);
  t.same([world.units(one, 'total'), world.units(two, 'total')], [10, 10]);
  t.end();
});

t.test('one that dies is counted for its lease; one that leaves is not counted at all', (t) => {
  const world = new MachineWorld();
  const [one, two, three] = [world.start(), world.start(), world.start()];
  world.settle(5);
  world.leave(three);
  world.settle(1);
  t.equal(world.units(one, 'total') + world.units(two, 'total'), 20);
  world.kill(two);
  world.settle(4);
  t.equal(world.units(one, 'total'), 10);
  t.equal(one.shares.isUnsettled, false);
  while (!one.shares.isUnsettled) world.settle(0.25);
  t.equal(world.units(one, 'total'), 10, 'what it claims it has with its next renewal, soon');
  world.renew(one);
  t.equal(one.shares.isDivided, false);
  t.end();
});

t.test('one whose lease ran out goes on, and gives way when it is back', (t) => {
  const world = new MachineWorld();
  const [one, two] = [world.start(), world.start()];
  world.settle(5);
  world.machines.splice(0, 1);
  world.settle(LEASE_MS / 1000 + 2);
  t.same([world.units(one, 'total'), world.units(two, 'total')], [10, 20], 'the stated error');
  t.equal(one.shares.isExpired(world.nowMs), true);
  world.machines.push(one);
  world.renew(one);
  t.equal(world.fault(), null);
  t.equal(world.units(one, 'total'), 0);
  world.settle(4);
  t.same([world.units(one, 'total'), world.units(two, 'total')], [10, 10]);
  t.end();
});

t.test('when nobody could renew, nobody loses anything', (t) => {
  const world = new MachineWorld();
  const [one, two] = [world.start(), world.start()];
  world.settle(5);
  one.shares.setWant('total', 18);
  world.settle(5);
  world.nowMs += 60_000;
  world.renew(two);
  world.renew(one);
  t.same([world.units(one, 'total'), world.units(two, 'total')], [18, 2]);
  t.end();
});

t.test('an unreadable document holds everything, so nobody takes anything', (t) => {
  const shares = new MachineShares({ id: 'b', leaseMs: LEASE_MS });
  shares.setLimits(LIMITS);
  const odd = { id: 'a', beat: 1, report: null };
  shares.look(0, [odd]);
  shares.report(0, () => 0);
  shares.renewed(0, 1, [odd]);
  t.equal(shares.isDivided, true);
  for (const key of KEYS) t.equal(shares.partOf(key), 0);
  t.end();
});

t.test('a limit that is new is claimed like any other', (t) => {
  const world = new MachineWorld();
  const [one] = [world.start(), world.start()];
  world.settle(5);
  one.shares.setLimits(new Map([...LIMITS, ['server:new', 8]]));
  t.equal(one.shares.partOf('server:new'), 0);
  world.renew(one);
  world.renew(one);
  t.equal(one.shares.partOf('server:new'), 1, 'the other does not have it');
  one.shares.setLimits(LIMITS);
  t.equal(one.shares.partOf('server:new'), 0);
  t.end();
});
