import { MongoClient } from 'mongodb';
import t from 'tap';
import type { MachineRoster } from '../../src/store/machine-roster.js';
import { openMongoStore } from '../../src/store/mongo-store.js';
import { createMemoryRoster } from '../support/memory-roster.js';
import { startMongoServer } from '../support/mongo-server.js';
import { rosterContract } from '../support/roster-contract.js';

const server = await startMongoServer(t);

t.test('in memory', (t) => {
  rosterContract(t, () => Promise.resolve(createMemoryRoster()));
  t.end();
});

if (typeof server === 'string') {
  t.test('in MongoDB', { skip: server }, () => undefined);
} else {
  t.test('in MongoDB', (t) => {
    const open = async (st: typeof t, uri: string): Promise<MachineRoster> => {
      const store = await openMongoStore({ uri, deadlineMs: 30_000 });
      st.teardown(() => store.close());
      if (store.machines === null) throw new Error('no roster');
      return store.machines;
    };
    rosterContract(t, (st) => open(st, server.newDatabase(st)));

    t.test('a damaged value is null, so that whoever reads it takes nothing', async (st) => {
      const uri = server.newDatabase(st);
      const roster = await open(st, uri);
      await roster.join({ id: 'one', beat: 1, value: {} });
      const client = new MongoClient(uri);
      st.teardown(() => client.close());
      await client
        .db()
        .collection('machines')
        .updateMany({}, { $set: { value: '[oops' } });
      st.same(await roster.list(), [{ id: 'one', beat: 1, value: null }]);
    });
    t.end();
  });
}
