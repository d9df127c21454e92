import t from 'tap';
import { oneAtATime } from '../../src/kernel/one-at-a-time.js';

t.test('a piece of work begins when the one before has ended, well or not', async (t) => {
  const inTurn = oneAtATime();
  const steps: string[] = [];
  const work = (name: string, fails: boolean) => async () => {
    steps.push(`${name} begins`);
    await Promise.resolve();
    steps.push(`${name} ends`);
    if (fails) throw new Error(name);
    return name;
  };
  const [first, second] = [inTurn(work('a', true)), inTurn(work('b', false))];
  await t.rejects(first, { message: 'a' });
  t.equal(await second, 'b');
  t.same(steps, ['a begins', 'a ends', 'b begins', 'b ends']);
});
