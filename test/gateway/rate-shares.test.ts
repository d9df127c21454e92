import t from 'tap';
import type { CallRate, SpendResult } from '../../src/gateway/call-rate.js';
import { RateShares } from '../../src/gateway/rate-shares.js';
import type { WorkerEvent } from '../../src/ipc/admission-messages.js';

function worker(maxCallers = 100) {
  const sent: WorkerEvent[] = [];
  const shares = new RateShares({
    hasGatewayLimit: true,
    hasUserLimit: true,
    limitedServers: new Set(['s']),
    maxCallers,
    send: (event) => sent.push(event),
    schedule: () => undefined,
  });
  const asked = (nowMs: number): string[] => {
    sent.length = 0;
    shares.beforeSend(nowMs);
    return sent.map((event) =>
      event.kind === 'ask' ? `${event.limit} ${event.request.needed}` : '',
    );
  };
  const chunk = (key: string, count: number, nowMs: number): void => {
    shares.onMessage({ kind: 'chunk', to: 1, key, count, left: 7, waitMs: 0 }, nowMs);
  };
  return { shares, sent, asked, chunk };
}

const ratesOf = (shares: RateShares, user = 'ana', server = 's'): readonly CallRate[] => {
  const rates = shares.ratesOf(user, server, 0);
  if (rates === null) throw new Error('the table is full');
  return rates;
};

t.test('a call spends one of each limit, the own one first; a burst asks once', async (t) => {
  const { shares, asked, chunk } = worker();
  const rates = ratesOf(shares);
  t.same(
    rates.map(({ key }) => key),
    ['user:ana', 'server:s', 'gateway'],
  );
  const both = [shares.spend(rates, 0), shares.spend(rates, 0)];
  t.same(asked(0), ['user:ana 2', 'server:s 0', 'gateway 0'], 'the others come along');
  chunk('user:ana', 5, 1);
  chunk('server:s', 5, 2);
  chunk('gateway', 1, 2);
  t.same(asked(3), ['gateway 1'], 'and are asked again where they came short');
  chunk('gateway', 5, 4);
  t.same([await both[0], await both[1]], ['spent', 'spent']);
  t.equal(shares.spend(rates, 5), 'spent', 'what is here is spent with no message');
  t.end();
});

t.test('who waited has spent before a recall in the same batch is heard', async (t) => {
  const { shares, sent, chunk } = worker();
  const rates = ratesOf(shares).slice(0, 1);
  const first = shares.spend(rates, 0);
  shares.beforeSend(0);
  sent.length = 0;
  chunk('user:ana', 1, 1);
  shares.onMessage({ kind: 'chunk-recall', to: 1, key: 'user:ana' }, 1);
  t.match(sent, [{ kind: 'report', report: { spent: 1, returned: 0, answersRecall: true } }]);
  t.equal(await first, 'spent');
});

t.test('a denial tells who waits how long, and gives back what was spent elsewhere', async (t) => {
  const { shares, chunk, asked } = worker();
  const rates = ratesOf(shares);
  const waiting = shares.spend(rates, 0);
  chunk('user:ana', 1, 1);
  shares.beforeSend(1);
  shares.onMessage({ kind: 'chunk-denied', to: 1, key: 'server:s', waitMs: 300 }, 2);
  t.match(await waiting, { rate: { key: 'server:s' }, waitMs: 300 });
  t.match(shares.spend(rates, 102), { waitMs: 200 }, 'later ones are refused with no message');
  t.same(asked(102), []);
  chunk('server:s', 1, 400);
  chunk('gateway', 1, 400);
  t.equal(shares.spend(rates, 400), 'spent', "the user's own was given back");
});

t.test('a primary that does not answer refuses nobody for longer than a second', async (t) => {
  const { shares } = worker();
  const waiting = shares.spend(ratesOf(shares), 0) as Promise<SpendResult>;
  shares.beforeSend(0);
  shares.sweep(999);
  shares.sweep(1000);
  t.match(await waiting, { waitMs: 1000 });
});

t.test('what was spent is reported; users who are idle are forgotten', (t) => {
  const { shares, sent, chunk } = worker();
  const rates = ratesOf(shares).slice(0, 1);
  void shares.spend(rates, 0);
  shares.beforeSend(0);
  chunk('user:ana', 2, 1);
  sent.length = 0;
  shares.sweep(50);
  shares.sweep(5050);
  shares.sweep(10_050);
  t.match(sent, [
    { limit: 'user:ana', report: { spent: 1 } },
    { limit: 'user:ana', report: { returned: 1 } },
  ]);
  t.equal(shares.callers, 0);
  shares.onMessage({ kind: 'chunk-recall', to: 1, key: 'user:ana' }, 151);
  t.match(sent.at(-1), { report: { spent: 0, returned: 0, answersRecall: true } });
  t.end();
});

t.test(
  'of very many callers a sweep looks at a part, and the next ones at the others',
  async (t) => {
    const { shares } = worker(20_000);
    for (let n = 0; n < 12_000; n += 1) shares.ratesOf(`u${n}`, 's', 0);
    t.equal(shares.sweep(50), 5_000, 'all are idle, so those it looked at are forgotten');
    t.equal(shares.sweep(100), 5_000);
    t.equal(shares.sweep(150), 2_000);
    t.equal(shares.callers, 0);
  },
);

t.test('a full table of users takes no new one', (t) => {
  const { shares } = worker(2);
  t.ok(shares.ratesOf('a', 's', 0));
  t.ok(shares.ratesOf('b', 's', 0));
  t.equal(shares.ratesOf('c', 's', 0), null);
  t.ok(shares.ratesOf('a', 's', 0));
  t.end();
});

t.test("a key's own rate counts in its user's stead, and is told with each ask", (t) => {
  const { shares, sent, chunk } = worker();
  const ofKey = (perSecond: number): readonly CallRate[] =>
    shares.ratesOf('ana', 's', 0, [{ kind: 'key', name: 'k1', perSecond }]) ?? [];
  t.same(
    ofKey(3).map(({ kind }) => kind),
    ['key', 'server', 'gateway'],
  );
  const first = ofKey(3).slice(0, 1);
  void shares.spend(first, 0);
  shares.beforeSend(0);
  t.match(sent, [{ kind: 'ask', limit: 'key:k1', request: { needed: 1 }, perSecond: 3 }]);
  chunk('key:k1', 3, 1);
  t.equal(shares.spend(first, 1), 'spent');
  t.equal(shares.callers, 1);
  sent.length = 0;
  const changed = ofKey(1).slice(0, 1);
  t.match(sent, [{ kind: 'report', limit: 'key:k1', report: { spent: 2, returned: 1 } }]);
  t.ok(shares.spend(changed, 2) instanceof Promise, 'nothing of the old chunk is spent');
  sent.length = 0;
  shares.beforeSend(2);
  t.match(sent, [{ kind: 'ask', limit: 'key:k1', perSecond: 1 }]);
  chunk('key:k1', 1, 3);
  for (const nowMs of [50, 1100, 2200]) shares.sweep(nowMs);
  t.equal(shares.callers, 0, 'an idle key is forgotten');
  t.end();
});

t.test("a grant's rate is met beside its key's, and by a caller whose users have no limit", (t) => {
  const { shares, sent } = worker();
  const ofGrant = { kind: 'grant', name: 's\nana', perSecond: 2 } as const;
  const keysOf = (rates: readonly CallRate[] | null) => rates?.map(({ key }) => key);
  t.same(keysOf(shares.ratesOf('ana', 's', 0, [ofGrant])), ['grant:s\nana', 'server:s', 'gateway']);
  const both = shares.ratesOf('ana', 's', 0, [{ kind: 'key', name: 'k1', perSecond: 9 }, ofGrant]);
  t.same(keysOf(both), ['key:k1', 'grant:s\nana', 'server:s', 'gateway']);
  void shares.spend(both ?? [], 0);
  shares.beforeSend(0);
  t.match(
    sent.slice(0, 2),
    [
      { kind: 'ask', limit: 'key:k1', perSecond: 9 },
      { kind: 'ask', limit: 'grant:s\nana', perSecond: 2 },
    ],
    'one message asks for both',
  );
  shares.onMessage({ kind: 'chunk-denied', to: 1, key: 'grant:s\nana', waitMs: 500 }, 1);
  t.match(shares.spend(shares.ratesOf('ana', 's', 2, [ofGrant]) ?? [], 2), {
    rate: { kind: 'grant' },
    waitMs: 499,
  });
  t.end();
});

t.test('limits that go are not met any more, and what was lent for them is still told', (t) => {
  const { shares, sent, chunk } = worker();
  void shares.spend(ratesOf(shares), 0);
  chunk('user:ana', 5, 1);
  chunk('server:s', 5, 1);
  chunk('gateway', 5, 1);
  shares.setLimits({ hasGatewayLimit: false, hasUserLimit: true, limitedServers: new Set() });
  t.same(
    ratesOf(shares).map(({ key }) => key),
    ['user:ana'],
  );
  sent.length = 0;
  shares.sweep(60);
  shares.sweep(120);
  const told = sent.flatMap((event) => (event.kind === 'report' ? [event.limit] : []));
  t.ok(told.includes('gateway') && told.includes('server:s'));
  shares.setLimits({ hasGatewayLimit: true, hasUserLimit: true, limitedServers: new Set(['s']) });
  t.equal(ratesOf(shares).length, 3);
  t.end();
});

t.test('a denial of the former limits does not outlive them', (t) => {
  const { shares } = worker();
  void shares.spend(ratesOf(shares), 0);
  shares.beforeSend(0);
  shares.onMessage({ kind: 'chunk-denied', to: 1, key: 'user:ana', waitMs: 60_000 }, 1);
  t.match(shares.spend(ratesOf(shares), 2), { waitMs: Number });
  shares.setLimits({ hasGatewayLimit: true, hasUserLimit: true, limitedServers: new Set(['s']) });
  t.type(shares.spend(ratesOf(shares), 3), Promise, 'the primary is asked again');
  t.end();
});
