import t from 'tap';
import { OwedGoodbyes } from '../../src/policy/owed-goodbyes.js';

t.test('what waits for a connection to be closed goes on in order, worker by worker', (t) => {
  const goodbyes = new OwedGoodbyes<string>();
  goodbyes.asked(1, 'a');
  goodbyes.asked(2, 'b');
  goodbyes.asked(1, 'c');
  goodbyes.asked(1, 'd');
  t.same(goodbyes.closed(1, 2), ['a', 'c']);
  t.same(goodbyes.closed(1, 5), ['d'], 'more than it owes is not believed');
  t.same(goodbyes.closed(1, 1), []);
  t.same(goodbyes.closed(2, 0), []);
  t.same(goodbyes.closed(2, 1), ['b']);
  t.end();
});

t.test('the exit of a process closes all that it owed', (t) => {
  const goodbyes = new OwedGoodbyes<string>();
  goodbyes.asked(1, 'a');
  goodbyes.asked(1, 'b');
  t.same(goodbyes.exited(1), ['a', 'b']);
  t.same(goodbyes.closed(1, 1), []);
  t.end();
});
