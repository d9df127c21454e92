import t from 'tap';
import { MachineWants } from '../../src/primary/machine-wants.js';

const ledger = (out: number, queued: number, servers = ['a'], short: readonly string[] = []) => ({
  snapshot: () => ({
    total: { out, limit: 100 },
    queued,
    users: 1,
    servers: servers.map((server) => ({ server, out, limit: 50, queued })),
    excessReturns: 0,
  }),
  users: {
    shortOf: () => short,
    load: (name: string) => (name === 'gone' ? undefined : { busy: out + queued, limit: 10 }),
  },
});
const slots = { units: 100, perSecond: null };

t.test('of slots it wants what was out or waited lately, and some more', (t) => {
  const wants = new MachineWants();
  t.equal(wants.unitsOf('total', slots, 0), 0);
  wants.sample(ledger(8, 4), 0);
  wants.sample(ledger(0, 0), 100);
  t.equal(wants.unitsOf('total', slots, 200), 16);
  t.equal(wants.unitsOf('server:a', slots, 200), 16);
  t.equal(wants.unitsOf('users', slots, 200), 0, 'nobody counts each user');
  wants.sample(ledger(0, 0, []), 300);
  t.equal(wants.unitsOf('server:a', slots, 300), 0, 'a server that is gone is forgotten');
  t.end();
});

t.test('of rates it wants what was spent and some more, or all it can get', (t) => {
  const wants = new MachineWants();
  wants.rates.moved('gateway', 20, 0);
  wants.rates.moved('server:a', 8, 0);
  t.equal(wants.unitsOf('rate:gateway', { units: 5040, perSecond: 100 }, 10), 1260, 'a quarter');
  t.equal(wants.unitsOf('rate:server:a', { units: 40, perSecond: 40 }, 10), 10);
  wants.rates.denied('server:a', 100, 10);
  t.equal(wants.unitsOf('rate:server:a', { units: 40, perSecond: 40 }, 20), 40);
  t.end();
});

t.test('a user who was short is watched until it has nothing to do', (t) => {
  const wants = new MachineWants();
  wants.sample(ledger(4, 0), 0);
  t.equal(wants.ofAccounts(0).size, 0);
  wants.sample(ledger(4, 3, ['a'], ['ana', 'gone']), 100);
  t.strictSame([...wants.ofAccounts(100)], [['account:ana', { units: 9, limit: 10 }]]);
  wants.sample(ledger(2, 0), 5200);
  t.equal(wants.ofAccounts(5200).get('account:ana')?.units, 9, 'for some seconds');
  wants.sample(ledger(0, 0), 10_400);
  wants.sample(ledger(0, 0), 16_000);
  t.equal(wants.ofAccounts(16_000).size, 0);
  wants.rates.accountDenied('user:ana', 10, 16_000);
  t.strictSame(
    [...wants.ofAccounts(16_100)],
    [['rate:account:user:ana', { units: 10, limit: 10 }]],
  );
  t.end();
});

t.test('a bounded number of users is watched', (t) => {
  const wants = new MachineWants();
  const many = Array.from({ length: 150 }, (_, n) => `u${n}`);
  wants.sample(ledger(4, 3, ['a'], many), 0);
  t.equal(wants.ofAccounts(0).size, 100);
  t.end();
});
