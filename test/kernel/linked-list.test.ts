import fc from 'fast-check';
import t from 'tap';
import { LinkedList, type Linked } from '../../src/kernel/linked-list.js';

class Item implements Linked<Item> {
  previousLink: Item | null = null;
  nextLink: Item | null = null;
}

t.test('it holds the order of arrival through any joining and leaving', async (t) => {
  const steps = fc.array(fc.integer({ min: -8, max: 8 }), { maxLength: 100, size: 'max' });
  fc.assert(
    fc.property(steps, (choices) => {
      const list = new LinkedList<Item>();
      const model: Item[] = [];
      for (const choice of choices) {
        const leaving = choice < 0 ? model[-choice - 1] : undefined;
        if (leaving === undefined) {
          const item = new Item();
          list.append(item);
          model.push(item);
        } else {
          list.remove(leaving);
          model.splice(model.indexOf(leaving), 1);
          t.equal(leaving.nextLink ?? leaving.previousLink, null);
        }
        t.equal(list.size, model.length);
        t.equal(list.first, model[0] ?? null);
      }
      t.ok(list.items().every((item, i) => item === model[i]));
    }),
  );
});
