import t from 'tap';
import { TickBatch } from '../../src/kernel/tick-batch.js';
import { nextTurn } from '../support/next-turn.js';

t.test('what is said in one turn leaves as one batch, in order', async (t) => {
  const sent: (readonly number[])[] = [];
  const batch = new TickBatch<number>((items) => sent.push(items));
  batch.push(1);
  batch.push(2);
  t.same(sent, []);
  await nextTurn();
  t.same(sent, [[1, 2]]);
  batch.push(3);
  await nextTurn();
  t.same(sent, [[1, 2], [3]]);
});

t.test('what depends on all of a turn is added last, and may be all there is', async (t) => {
  const sent: (readonly string[])[] = [];
  let last = '';
  const batch = new TickBatch<string>(
    (items) => sent.push(items),
    () => {
      if (last !== '') batch.push(last);
    },
  );
  batch.schedule();
  await nextTurn();
  t.same(sent, [], 'nothing is sent when there is nothing to say');
  last = 'z';
  batch.push('a');
  await nextTurn();
  t.same(sent, [['a', 'z']]);
  last = '';
  batch.push('b');
  batch.flush();
  t.same(sent.at(-1), ['b'], 'a flush does not wait for the turn to end');
});
