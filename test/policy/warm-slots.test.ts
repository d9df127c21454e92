import fc from 'fast-check';
import t from 'tap';
import { WarmSlots } from '../../src/policy/warm-slots.js';

t.test('a worker takes connections that it has itself', (t) => {
  const warm = new WarmSlots();
  warm.returned('s', 1, 2);
  t.ok(warm.has('s', 1));
  t.notOk(warm.has('s', 2));
  t.notOk(warm.take('s', 2));
  t.notOk(warm.take('other', 1));
  t.ok(warm.take('s', 1));
  t.ok(warm.take('s', 1));
  t.notOk(warm.take('s', 1));
  t.end();
});

t.test('one is dropped of a server, or of the server that was longest without a call', (t) => {
  const warm = new WarmSlots();
  warm.returned('a', 1, 1);
  warm.returned('b', 2, 2);
  t.same(warm.drop('b'), { server: 'b', worker: 2 });
  t.same(warm.drop(), { server: 'a', worker: 1 });
  t.same(warm.drop('a'), undefined);
  t.same(warm.drop(), { server: 'b', worker: 2 });
  t.same(warm.drop(), undefined);
  t.end();
});

t.test('what an ended process had is closed already', (t) => {
  const warm = new WarmSlots();
  warm.returned('a', 1, 3);
  warm.returned('b', 1, 1);
  warm.returned('b', 2, 1);
  warm.forget(1);
  t.equal(warm.size, 1);
  t.same(warm.drop(), { server: 'b', worker: 2 });
  t.end();
});

t.test('sizes are what a plain list has', (t) => {
  const step = fc.record({
    what: fc.constantFrom('return', 'take', 'drop', 'drop any', 'forget'),
    server: fc.constantFrom('a', 'b'),
    worker: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const warm = new WarmSlots();
      let list: { readonly server: string; readonly worker: number }[] = [];
      const remove = (server: string, worker: number): void => {
        list.splice(
          list.findIndex((slot) => slot.server === server && slot.worker === worker),
          1,
        );
      };
      for (const { what, server, worker } of steps) {
        if (what === 'return') {
          warm.returned(server, worker, 1);
          list.push({ server, worker });
        } else if (what === 'take') {
          if (warm.take(server, worker)) remove(server, worker);
        } else if (what === 'forget') {
          warm.forget(worker);
          list = list.filter((slot) => slot.worker !== worker);
        } else {
          const dropped = warm.drop(what === 'drop' ? server : undefined);
          if (dropped !== undefined) remove(dropped.server, dropped.worker);
        }
        const ofServer = list.filter((slot) => slot.server === server);
        if (warm.size !== list.length || warm.sizeOf(server) !== ofServer.length) return false;
        if (warm.has(server, worker) !== ofServer.some((slot) => slot.worker === worker))
          return false;
      }
      return true;
    }),
  );
  t.end();
});
