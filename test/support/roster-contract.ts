/** What every roster of machines promises. */
import type { Test } from 'tap';
import { MAX_MACHINES, type MachineRoster } from '../../src/store/machine-roster.js';

export function rosterContract(t: Test, opened: (t: Test) => Promise<MachineRoster>): void {
  t.test('each machine has one entry, which it alone replaces', async (st) => {
    const roster = await opened(st);
    st.same(await roster.list(), []);
    const value = { shares: { 'server:a.b': [0.5, 1 / 3, 0], $odd: [1, 1, 1] }, name: 'é\0' };
    await roster.join({ id: 'one', beat: 1, value });
    await roster.join({ id: 'two', beat: 1, value: null });
    st.equal(await roster.renew({ id: 'one', beat: 2, value }), true);
    const listed = (await roster.list()).sort((a, b) => a.id.localeCompare(b.id));
    st.same(listed, [
      { id: 'one', beat: 2, value },
      { id: 'two', beat: 1, value: null },
    ]);
    await roster.join({ id: 'one', beat: 3, value: 'again' });
    st.same(
      (await roster.list()).find(({ id }) => id === 'one'),
      { id: 'one', beat: 3, value: 'again' },
    );
  });

  t.test(
    'a write that comes late undoes nothing, and one that was removed stays so',
    async (st) => {
      const roster = await opened(st);
      await roster.join({ id: 'one', beat: 5, value: 'new' });
      for (const beat of [4, 5]) {
        st.equal(await roster.renew({ id: 'one', beat, value: 'late' }), false);
      }
      const late = { id: 'one', beat: 4, value: 'late' };
      await st.rejects(roster.join(late), { code: 'GW_STORE_UNAVAILABLE' });
      st.same(await roster.list(), [{ id: 'one', beat: 5, value: 'new' }]);
      await roster.remove('one', 4);
      st.equal((await roster.list()).length, 1, 'it has moved since');
      await roster.remove('one', 5);
      st.same(await roster.list(), []);
      st.equal(await roster.renew({ id: 'one', beat: 6, value: 'late' }), false);
      st.same(await roster.list(), []);
      await roster.join({ id: 'one', beat: 7, value: '' });
      await roster.remove('one');
      await roster.remove('one');
      st.same(await roster.list(), []);
    },
  );

  t.test('a hundred are listed, and more are an error, never a part of them', async (st) => {
    const roster = await opened(st);
    for (let n = 0; n < MAX_MACHINES; n += 1) await roster.join({ id: `m${n}`, beat: 1, value: n });
    st.equal((await roster.list()).length, MAX_MACHINES);
    await roster.join({ id: 'more', beat: 1, value: 0 });
    await st.rejects(roster.list(), { code: 'GW_STORE_UNAVAILABLE' });
  });
}
