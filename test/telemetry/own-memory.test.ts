import t from 'tap';
import { OwnMemory } from '../../src/telemetry/own-memory.js';
import { NO_PRLIMIT, takeAllFiles } from '../support/take-all-files.js';

t.test('without a free file descriptor it says what it said before, and throws nothing', (t) => {
  const memory = new OwnMemory();
  const { rss, heapUsed } = memory.read();
  t.ok(rss > heapUsed && heapUsed > 0);
  const giveBack = takeAllFiles();
  if (giveBack === null) {
    t.pass('skipped', { skip: NO_PRLIMIT });
    t.end();
    return;
  }
  t.throws(() => process.memoryUsage(), { code: 'EMFILE' }, 'as Node.js does');
  const starved = memory.read();
  giveBack();
  t.same([starved.rss, starved.heapUsed], [rss, heapUsed]);
  t.end();
});
