import t from 'tap';
import { AlertHistory } from '../../src/primary/alert-history.js';
import type { AlertEntry } from '../../src/store/event-log.js';
import type { AlertNotice } from '../../src/telemetry/alert-notice.js';
import { alertNotice } from '../support/alert-notice.js';
import { createMemoryStore } from '../support/memory-store.js';
import { until } from '../support/until.js';

const DEADLINE = { timeoutMs: 10_000, everyMs: 5 };

function rig(pageSize = 1000) {
  const { alerts } = createMemoryStore();
  const state = { isAway: false, appended: 0 };
  const warned: string[] = [];
  const events = {
    append: async (entry: AlertEntry) => {
      if (state.isAway) throw new TypeError('mongodb://ana:secret@db');
      await alerts.append(entry);
      state.appended += 1;
    },
    list: (page: { beforeId?: string | undefined; limit?: number | undefined } = {}) =>
      state.isAway
        ? Promise.reject(new TypeError('away'))
        : alerts.list({ ...page, limit: Math.min(pageSize, page.limit ?? pageSize) }),
  };
  const open = (): AlertHistory =>
    new AlertHistory({
      events,
      log: {
        warn: (_facts, text) => {
          warned.push(text);
        },
      },
      firstDelayMs: 1,
    });
  return { open, state, events, warned };
}

const raised = alertNotice({ at: '2026-11-21T10:00:00.000Z', suppressed: 3 });
const recovered = alertNotice({
  ...{ kind: 'recovery', at: '2026-11-21T10:01:00.000Z', durationMs: 60_000, target: null },
});

t.test('what is recorded is there for the next run, whole', async (t) => {
  const { open, state } = rig();
  const first = open();
  first.record(raised);
  first.record(recovered);
  await until(() => state.appended === 2, { ...DEADLINE, what: 'both written' });
  await first.close();
  t.match(first.counts(), { delivered: 2, lost: 0 });
  const second = open();
  let recalled: readonly AlertNotice[] = [];
  second.recall((notices) => {
    recalled = notices;
  });
  await until(() => recalled.length > 0, { ...DEADLINE, what: 'the recall' });
  t.same(recalled, [raised, recovered], 'oldest first');
  t.same(await second.all(), [recovered, raised], 'newest first');
  await second.close();
});

t.test(
  'while the store is away nothing waits for it, and it is written when it is back',
  async (t) => {
    const { open, state, warned } = rig();
    const history = open();
    state.isAway = true;
    history.record(raised);
    history.record(recovered);
    let recalled: readonly AlertNotice[] | null = null;
    history.recall((notices) => {
      recalled = notices;
    });
    await t.rejects(history.all());
    t.equal(recalled, null);
    state.isAway = false;
    await until(() => state.appended === 2 && recalled !== null, {
      ...DEADLINE,
      what: 'all of it',
    });
    t.same(warned, [], 'nothing was lost');
    await history.close();
  },
);

t.test('a stop gives up what the store does not take, and counts it', async (t) => {
  const { open, state, warned } = rig();
  const history = open();
  state.isAway = true;
  history.record(raised);
  await history.close();
  t.match(history.counts(), { delivered: 0, lost: 1 });
  t.same(warned, ['an alert did not get through: store: TypeError'], 'without the address');
});

t.test('pages are read to the end; what is there twice or unreadable is left out', async (t) => {
  const { open, events } = rig(2);
  const entry: Omit<AlertEntry, 'at'> = {
    cause: 'cpu-high',
    state: 'raised',
    message: 'x',
    detail: { alert: 'cpu-high', target: null },
  };
  for (const second of [1, 2, 2, 3])
    await events.append({ ...entry, at: `2026-01-01T00:00:0${second}Z` });
  await events.append({ ...entry, at: '2026-01-02', detail: { alert: 'from the future' } });
  const history = open();
  t.match(
    await history.all(),
    [3, 2, 1].map((second) => ({ at: `2026-01-01T00:00:0${second}Z`, since: /T/ })),
  );
  await history.close();
});
