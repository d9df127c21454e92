import t from 'tap';
import { RateWants } from '../../src/policy/rate-wants.js';

t.test('what was lent and did not come back was spent', (t) => {
  const wants = new RateWants();
  t.equal(wants.wantOf('gateway', 0), 0);
  for (let nowMs = 0; nowMs < 3000; nowMs += 100) {
    wants.moved('gateway', 5, nowMs);
    wants.moved('gateway', -2, nowMs);
  }
  const perSecond = wants.wantOf('gateway', 3000);
  t.ok(perSecond >= 27 && perSecond <= 33, `${perSecond}`);
  t.equal(wants.wantOf('gateway', 60_000), 0);
  t.end();
});

t.test('a limit that denied is short for a while, and one that is gone is forgotten', (t) => {
  const wants = new RateWants();
  wants.denied('server:a', 500, 0);
  t.equal(wants.wantOf('server:a', 2400), Infinity);
  t.equal(wants.wantOf('server:a', 2600), 0);
  wants.denied('server:a', 86_400_000, 3000);
  t.equal(wants.wantOf('server:a', 6900), Infinity);
  t.equal(wants.wantOf('server:a', 7100), 0, 'however long the wait was to be');
  wants.denied('server:a', 10, 8000);
  wants.retain(new Set(['gateway']));
  t.equal(wants.wantOf('server:a', 8001), 0);
  t.end();
});

t.test('accounts count from the first denial on, and for some seconds', (t) => {
  const wants = new RateWants();
  wants.accountMoved('user:ana', 5, 0);
  t.same([...wants.accountWants(0)], []);
  wants.accountDenied('user:ana', 10, 100);
  wants.accountMoved('user:ana', 4, 150);
  t.same([...wants.accountWants(200)], [['user:ana', { units: 10, limit: 10 }]]);
  for (let nowMs = 200; nowMs < 4000; nowMs += 100) {
    if (nowMs % 500 === 0) wants.accountMoved('user:ana', 2, nowMs);
  }
  const [[, want] = ['', null]] = wants.accountWants(4000);
  t.match(want, { limit: 10 });
  t.ok((want?.units ?? 99) < 10, 'what it spends, and a quarter more');
  t.same([...wants.accountWants(10_200)], []);
  for (let n = 0; n < 150; n += 1) wants.accountDenied(`key:${n}`, 1, 20_000);
  t.equal([...wants.accountWants(20_000)].length, 100, 'a bounded number');
  t.end();
});
