import t from 'tap';
import { StoreProbe } from '../../src/primary/store-probe.js';
import { createMemoryStore } from '../support/memory-store.js';
import { until } from '../support/until.js';

t.test(
  'the last probe tells how the store is, and whether something serves in its place',
  async (t) => {
    const store = createMemoryStore();
    let outage: string | null = null;
    const probe = new StoreProbe({ ping: () => store.ping(), outage: () => outage });
    t.teardown(() => {
      probe.stop();
    });
    t.same(probe.state, { problem: null, isServing: true });
    store.isAway = true;
    const waiting = { timeoutMs: 20_000, what: 'another state' };
    await until(() => Promise.resolve(probe.state.problem !== null), waiting);
    t.match(probe.state, { problem: /unavailable/, isServing: false });
    outage = 'from the snapshot';
    t.same(probe.state, { problem: 'from the snapshot', isServing: true });
    store.isAway = false;
    await until(() => Promise.resolve(probe.state.problem === null), waiting);
  },
);
