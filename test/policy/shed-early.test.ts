import t from 'tap';
import { ShedEarly } from '../../src/policy/shed-early.js';

/** One call comes every `everyMs` from `fromMs` on; every `ofWhich`-th of them is served. */
function feed(
  shed: ShedEarly,
  span: { fromMs: number; toMs: number; everyMs: number; ofWhich: number },
): void {
  let count = 0;
  for (let atMs = span.fromMs; atMs < span.toMs; atMs += span.everyMs) {
    shed.arrived(atMs);
    count += 1;
    if (count % span.ofWhich === 0) shed.served(atMs);
  }
}

t.test('a burst that nobody follows may wait as long as its deadline allows', (t) => {
  const shed = new ShedEarly(0, { minIntervalMs: 100, targetRatio: 1.5 });
  for (let call = 0; call < 1000; call += 1) shed.arrived(1);
  for (let atMs = 10; atMs < 2000; atMs += 10) {
    shed.served(atMs);
    t.equal(shed.maxWaitMs(atMs), Infinity);
  }
  t.end();
});

t.test('a queue that stays full while calls keep coming is a backlog', (t) => {
  const shed = new ShedEarly(0, { minIntervalMs: 100, targetRatio: 1.5 });
  shed.setServiceTime(40);
  feed(shed, { fromMs: 1, toMs: 199, everyMs: 1, ofWhich: 3 });
  t.equal(shed.maxWaitMs(199), Infinity, 'the first interval may be a burst');
  feed(shed, { fromMs: 199, toMs: 202, everyMs: 1, ofWhich: 3 });
  t.equal(shed.maxWaitMs(202), 60);
  t.ok(shed.isBacklogged(202));
  t.end();
});

t.test('while the service time is not known, a backlog sends nobody away', (t) => {
  const shed = new ShedEarly(0, { minIntervalMs: 100, targetRatio: 1.5 });
  feed(shed, { fromMs: 1, toMs: 500, everyMs: 1, ofWhich: 3 });
  t.ok(shed.isBacklogged(500));
  t.equal(shed.maxWaitMs(500), Infinity);
  shed.setServiceTime(100);
  t.equal(shed.maxWaitMs(500), 150);
  t.end();
});

t.test('callers that come again as often as they are served are a backlog too', (t) => {
  const shed = new ShedEarly(0, { minIntervalMs: 100, targetRatio: 1.5 });
  feed(shed, { fromMs: 1, toMs: 250, everyMs: 2, ofWhich: 1 });
  t.ok(shed.isBacklogged(250));
  t.end();
});

t.test('the backlog ends when the queue was empty, and when nobody comes any more', (t) => {
  const backlog = (): ShedEarly => {
    const shed = new ShedEarly(0, { minIntervalMs: 100, targetRatio: 1.5 });
    feed(shed, { fromMs: 1, toMs: 250, everyMs: 1, ofWhich: 3 });
    t.ok(shed.isBacklogged(250));
    return shed;
  };
  const emptied = backlog();
  emptied.sawEmpty(251);
  t.notOk(emptied.isBacklogged(252));
  t.notOk(emptied.isBacklogged(360), 'nor later, when nothing came');
  const left = backlog();
  for (let atMs = 250; atMs < 420; atMs += 5) left.served(atMs);
  t.notOk(left.isBacklogged(420));
  t.notOk(backlog().isBacklogged(1000), 'what was long ago says nothing');
  t.end();
});

t.test('N follows the service time and never falls below its least; M follows it too', (t) => {
  const shed = new ShedEarly(0, { minIntervalMs: 100, targetRatio: 1.5 });
  shed.setServiceTime(1000);
  feed(shed, { fromMs: 1, toMs: 1990, everyMs: 10, ofWhich: 2 });
  t.equal(shed.maxWaitMs(1990), Infinity);
  feed(shed, { fromMs: 1990, toMs: 2010, everyMs: 10, ofWhich: 2 });
  t.equal(shed.maxWaitMs(2010), 1500);
  shed.setServiceTime(1);
  t.equal(shed.maxWaitMs(2010), 10, 'never so short that the queue runs empty between two turns');
  t.end();
});

t.test('an empty queue seen earlier than one already seen changes nothing', (t) => {
  const shed = new ShedEarly(0, { minIntervalMs: 100, targetRatio: 1.5 });
  shed.sawEmpty(500);
  shed.sawEmpty(400);
  feed(shed, { fromMs: 501, toMs: 703, everyMs: 1, ofWhich: 3 });
  t.ok(shed.isBacklogged(703));
  t.end();
});
