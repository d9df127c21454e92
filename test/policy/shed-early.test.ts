import t from 'tap';
import { ShedEarly } from '../../src/policy/shed-early.js';

t.test('a queue that was empty lately may be waited in for N, a backlog only for M', (t) => {
  const shed = new ShedEarly(0);
  t.equal(shed.maxWaitMs(100), 100);
  t.equal(shed.maxWaitMs(101), 25);
  t.ok(shed.isBacklogged(101));
  shed.sawEmpty(150);
  t.equal(shed.maxWaitMs(250), 100);
  t.equal(shed.maxWaitMs(251), 25);
  t.end();
});

t.test('N follows the service time and never falls below its least', (t) => {
  const shed = new ShedEarly(0, { minIntervalMs: 100, targetRatio: 0.05 });
  shed.setServiceTime(1000);
  t.equal(shed.maxWaitMs(2000), 2000);
  t.equal(shed.maxWaitMs(2001), 100);
  shed.setServiceTime(3);
  t.equal(shed.maxWaitMs(100), 100);
  t.end();
});

t.test('an empty queue seen earlier than one already seen changes nothing', (t) => {
  const shed = new ShedEarly(0);
  shed.sawEmpty(500);
  shed.sawEmpty(400);
  t.notOk(shed.isBacklogged(600));
  t.ok(shed.isBacklogged(601));
  t.end();
});
