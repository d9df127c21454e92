import t, { type Test } from 'tap';
import { monotonicMs } from '../../src/kernel/clock.js';
import type { LimitShares } from '../../src/policy/limit-shares.js';
import { machineGauges } from '../../src/primary/machine-gauges.js';
import { machineLines } from '../../src/primary/machine-lines.js';
import { Machines, type MachinesOptions } from '../../src/primary/machines.js';
import { createMemoryRoster, type MemoryRoster } from '../support/memory-roster.js';
import { until } from '../support/until.js';

const LEASE_MS = 2000;
const WAIT = { timeoutMs: 30_000 };

const config = {
  limits: {
    maxTotalConnections: 20,
    maxConnectionsPerServer: 10,
    maxConcurrentRequestsPerUser: 10,
  },
  rate: { gatewayTokensPerSecond: null, perUserPerSecond: 10, perServerPerSecond: null },
  servers: {},
} as unknown as MachinesOptions['config'];

function machine(t: Test, roster: MemoryRoster, name: string, place = name) {
  const told: string[] = [];
  const short: string[] = [];
  let applied: LimitShares = null;
  const log = (facts: { machine?: string }, what: string): void => {
    told.push(`${facts.machine ?? ''} ${what}`.trim());
  };
  const machines = new Machines({
    roster,
    facts: {
      name,
      place,
      address: `${name}:8080`,
      version: '1.0.0',
      startedAt: '2026-01-01T00:00:00.000Z',
      workers: 2,
    },
    leaseMs: LEASE_MS,
    config,
    admission: {
      setShares: (shares) => {
        applied = shares;
      },
      partsInUse: () => new Map(),
      slots: () => ({
        snapshot: () => ({
          total: { out: 0, limit: 20 },
          queued: 0,
          users: 0,
          servers: [],
          excessReturns: 0,
        }),
        users: {
          shortOf: () => short.splice(0),
          load: () => ({ busy: 8, limit: 10 }),
        },
      }),
    },
    log: { info: log, warn: log } as unknown as MachinesOptions['log'],
  });
  t.teardown(() => machines.leave(-Infinity));
  return {
    machines,
    told,
    short,
    total: () => (applied === null ? 1 : (applied.get('total') ?? 0)),
  };
}

t.test('one machine alone joins at once and keeps everything', async (t) => {
  const roster = createMemoryRoster();
  const { machines, told, total } = machine(t, roster, 'north');
  await machines.join();
  t.equal(roster.entries.size, 1);
  t.equal(total(), 1);
  t.same(told, []);
  t.match(machines.view(), {
    isDivided: false,
    problem: null,
    shares: {},
    list: [{ isSelf: true }],
  });
  t.match(machineLines(machines.view(), 20), [
    /^north \(this one, north:8080\) 1\.0\.0, 2 workers, 20 of 20/,
  ]);
  await machines.leave(monotonicMs());
  t.equal(roster.entries.size, 0, 'and leaves nothing behind');
});

t.test('two divide, tell so, and the one that stays has it all again', async (t) => {
  const roster = createMemoryRoster();
  const [north, south] = [machine(t, roster, 'north'), machine(t, roster, 'south')];
  await north.machines.join();
  await south.machines.join();
  await until(() => north.total() === 0.5 && south.total() === 0.5, { ...WAIT, what: 'halves' });
  t.same(north.told, ['south a machine joined']);
  const view = north.machines.view();
  t.match(view.list, [
    { name: 'north', totalPart: 0.5 },
    { name: 'south', isSelf: false },
  ]);
  t.match(
    machineLines(view, 20)[1],
    /^south \(south:8080\).* \d+ of 20 connections, renewed \d+ s ago/,
  );
  const samples = machineGauges(() => view).map(({ samples: of }) => of());
  t.match(samples[0], [{ value: 2 }]);
  t.match(samples[1]?.[0], { labels: { limit: 'total' }, value: 0.5 });
  t.equal(samples[2]?.length, 1);

  north.machines.configure({
    ...config,
    rate: { ...config.rate, gatewayTokensPerSecond: 100 },
  });
  const gatewayPart = (): number => north.machines.view().shares['rate:gateway'] ?? 0;
  await until(() => gatewayPart() === 1, { ...WAIT, what: 'a limit that the other does not have' });

  north.short.push('ana');
  const ofAna = (who: typeof north): number | undefined =>
    who.machines.view().shares['account:ana'];
  await until(() => ofAna(north) === 0.9 && ofAna(south) === 0.1, { ...WAIT, what: 'ana’s part' });

  await south.machines.leave(-Infinity);
  await until(() => north.total() === 1, { ...WAIT, what: 'everything' });
  t.equal(north.told.at(-1), 'south a machine left');
});

t.test('one that was killed is gone with its lease, its next start at once', async (t) => {
  const roster = createMemoryRoster();
  const dead = { id: 'dead', beat: 7, value: { name: 'south', place: 'south', report: null } };
  await roster.join(dead);
  const south = machine(t, roster, 'south');
  await south.machines.join();
  t.equal(south.total(), 1, 'its predecessor does not count');
  t.notOk(roster.entries.has('dead'));
  await south.machines.leave(-Infinity);

  await roster.join({ ...dead, value: { ...dead.value, place: 'elsewhere' } });
  const north = machine(t, roster, 'north');
  const startedAtMs = monotonicMs();
  await north.machines.join();
  await until(() => north.total() === 1, { ...WAIT, what: 'the dead one gone' });
  t.ok(monotonicMs() - startedAtMs >= LEASE_MS, 'a stranger counts until its lease is over');
  t.notOk(roster.entries.has('dead'));
  t.same(north.told, ['south a machine joined', 'south a machine is gone: its lease ran out']);
});

t.test(
  'without the store a machine starts with everything, and divides when it is there',
  async (t) => {
    const roster = createMemoryRoster();
    const [north, south] = [machine(t, roster, 'north'), machine(t, roster, 'south')];
    roster.isAway = true;
    await north.machines.join();
    t.equal(north.total(), 1);
    t.type(north.machines.view().problem, 'string');
    t.match(machineLines(north.machines.view(), 20).at(-1), /^the lease is not renewed: /);
    roster.isAway = false;
    await south.machines.join();
    await until(() => north.total() === 0.5 && south.total() === 0.5, { ...WAIT, what: 'halves' });

    roster.isAway = true;
    const lost = (told: readonly string[]) =>
      told.filter((line) => /^the lease of this/.test(line));
    await until(() => lost(north.told).length === 1, { ...WAIT, what: 'a lost lease' });
    t.equal(north.total(), 0.5, 'what it has it keeps');
    roster.isAway = false;
    await until(() => north.machines.view().problem === null, { ...WAIT, what: 'a lease' });
    await until(() => north.total() + south.total() === 1, { ...WAIT, what: 'all of it' });
  },
);

t.test('one whose entry was removed joins again', async (t) => {
  const roster = createMemoryRoster();
  const { machines } = machine(t, roster, 'north');
  await machines.join();
  const [id = ''] = roster.entries.keys();
  await roster.remove(id);
  await until(() => roster.entries.has(id), { ...WAIT, what: 'its entry' });
  t.equal(machines.view().isDivided, false);
});
