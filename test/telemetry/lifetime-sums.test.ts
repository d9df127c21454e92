import t from 'tap';
import { LifetimeSums } from '../../src/telemetry/lifetime-sums.js';

t.test('what a process counted stays when it ends', (t) => {
  const sums = new LifetimeSums();
  sums.report('1', 0, 3);
  sums.report('1', 0, 5);
  sums.gone('1', 0);
  t.equal(sums.total('1'), 5);
  sums.report('1', 0, 0);
  sums.report('2', 0, 1);
  sums.report('1', 0, 2);
  t.same(
    [...sums.totals()],
    [
      ['1', 7],
      ['2', 1],
    ],
  );
  sums.gone('1', 0);
  sums.gone('1', 0);
  t.equal(sums.total('1'), 7, 'an end that is told twice adds nothing');
  t.end();
});
