import t from 'tap';
import { MachineWants } from '../../src/primary/machine-wants.js';

const snapshot = (out: number, queued: number) => ({
  total: { out, limit: 100 },
  queued,
  users: 1,
  servers: [{ server: 'a', out, limit: 50, queued }],
  excessReturns: 0,
});
const slots = { units: 100, perSecond: null };

t.test('of slots it wants what was out or waited lately, and some more', (t) => {
  const wants = new MachineWants();
  t.equal(wants.unitsOf('total', slots, 0), 0);
  wants.sample(snapshot(8, 4), 0);
  wants.sample(snapshot(0, 0), 100);
  t.equal(wants.unitsOf('total', slots, 200), 16);
  t.equal(wants.unitsOf('server:a', slots, 200), 16);
  t.equal(wants.unitsOf('users', slots, 200), 0, 'nobody counts each user');
  wants.sample({ ...snapshot(0, 0), servers: [] }, 300);
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
