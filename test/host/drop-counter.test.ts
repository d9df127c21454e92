import t from 'tap';
import { DropCounter } from '../../src/host/drop-counter.js';

t.test('the first drop of a reason is told, a flood of them is summed up', (t) => {
  const told: object[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object) => {
      told.push(fields);
    },
  };
  const drops = new DropCounter(log);
  for (let n = 0; n < 2500; n += 1) drops.count('malformed', 'x');
  drops.count('unattributable', 'y');
  t.match(told, [
    { reason: 'malformed', count: 1 },
    { reason: 'malformed', count: 1001 },
    { reason: 'malformed', count: 2001 },
    { reason: 'unattributable', what: 'y', count: 1 },
  ]);
  t.equal(told.length, 4);
  t.equal(drops.counts.malformed, 2500);
  t.end();
});
