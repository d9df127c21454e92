import t from 'tap';
import { RateWants } from '../../src/policy/rate-wants.js';
import { RateBudgets } from '../../src/primary/rate-budgets.js';

const budgets = (maxKeys?: number) => {
  const config = {
    rate: {
      gatewayTokensPerSecond: 100,
      perUserPerSecond: 10,
      perServerPerSecond: 50,
      adaptive: { enabled: true, threshold: 0.8 },
    },
    servers: {
      own: { name: 'own', enabled: true, rateLimit: { requestsPerMinute: 60, burstSize: 5 } },
      common: { name: 'common', enabled: true, rateLimit: null },
      off: { name: 'off', enabled: false, rateLimit: null },
    },
  };
  return new RateBudgets(
    config as unknown as ConstructorParameters<typeof RateBudgets>[0],
    maxKeys,
  );
};

const KEYS_AT_ONCE = 50;
const asksOne = { kind: 'ask', request: { needed: 1, wanted: 1 }, perSecond: 5 } as const;
const NOTHING = { spent: 0, returned: 0, spentAgeMs: 0, answersRecall: false };

/** How many of `wanted` are lent now. */
function lent(all: RateBudgets, key: string, nowMs = 0, wanted = 1000): number {
  all.ask(1, { kind: 'ask', limit: key, request: { needed: wanted, wanted } }, nowMs);
  const answer = all.drain(0).at(-1);
  return answer?.kind === 'chunk' ? answer.count : 0;
}

t.test('each kind of limit is as the configuration says', (t) => {
  t.equal(lent(budgets(), 'gateway'), 100);
  t.equal(lent(budgets(), 'user:ana'), 10);
  t.equal(lent(budgets(), 'server:common'), 50);
  t.equal(lent(budgets(), 'server:own'), 5, 'its own bucket, with its own burst');
  t.equal(lent(budgets(), 'server:constructor'), 50, 'a name from outside is only a name');
  t.equal(lent(budgets(), 'nonsense'), 0, 'what is no limit lends nothing');
  t.same(budgets().effective(), {
    gatewayPerSecond: 100,
    userPerSecond: 10,
    serverPerSecond: { own: 1, common: 50 },
  });
  t.end();
});

t.test('one factor scales them all, those in use and those to come, and never to nothing', (t) => {
  const all = budgets();
  t.equal(lent(all, 'user:ana', 0, 1), 1);
  all.setScale(0.5, 0);
  t.equal(lent(all, 'user:ana', 1), 4, 'five in all');
  t.equal(lent(all, 'user:bo', 1), 5);
  t.equal(lent(all, 'gateway', 1), 50);
  t.equal(all.effective().gatewayPerSecond, 50);
  all.setScale(0.001, 2);
  t.equal(lent(all, 'user:cy', 2), 1);
  all.setScale(1, 3);
  t.equal(lent(all, 'user:dee', 3), 10);
  t.end();
});

t.test('a worker that has not heard that a limit was taken off is refused nothing', (t) => {
  const rate = {
    gatewayTokensPerSecond: null,
    perUserPerSecond: null,
    perServerPerSecond: null,
    adaptive: { enabled: false, threshold: 0.8 },
  };
  for (const key of ['gateway', 'user:newcomer', 'server:common']) {
    const all = budgets();
    all.configure({ rate, servers: {} }, 0);
    t.equal(lent(all, key), 1000, key);
    all.configure({ rate: { ...rate, perUserPerSecond: 10 }, servers: {} }, 1);
    t.equal(lent(all, 'user:newcomer', 2), key === 'user:newcomer' ? 0 : 10, 'until it is back');
  }
  t.end();
});

t.test('accounts that constrain nobody are forgotten', (t) => {
  const all = budgets();
  lent(all, 'user:ana', 0, 1);
  t.equal(all.size, 1);
  t.equal(all.sweep(100), 0);
  all.workerExited(1, 100);
  t.equal(all.sweep(5000), 1);
  t.equal(all.size, 0);
  t.end();
});

t.test('a key has the rate that was told last, scaled as all are; nothing before', (t) => {
  const all = budgets();
  const ask = (perSecond: number | undefined, nowMs: number): number => {
    const request = { needed: 1000, wanted: 1000 };
    const told = perSecond === undefined ? {} : { perSecond };
    all.ask(1, { kind: 'ask', limit: 'key:k1', request, ...told }, nowMs);
    const answer = all.drain(0).at(-1);
    return answer?.kind === 'chunk' ? answer.count : 0;
  };
  t.equal(ask(3, 0), 3);
  t.equal(ask(5, 1), 2, 'raised at once, and what is out counts');
  t.equal(ask(2, 2), 0, 'lowered at once');
  all.report(1, 'key:k1', { spent: 5, returned: 0, spentAgeMs: 0, answersRecall: false }, 3);
  t.equal(ask(2, 1003), 2);
  all.report(1, 'key:k1', { spent: 2, returned: 0, spentAgeMs: 0, answersRecall: false }, 1004);
  all.setScale(0.5, 1004);
  t.equal(ask(undefined, 2004), 1);
  all.report(1, 'key:k1', { spent: 1, returned: 0, spentAgeMs: 0, answersRecall: false }, 2004);
  t.equal(all.sweep(9000), 1, 'an idle one is forgotten');
  t.equal(ask(undefined, 9000), 0, 'with its rate');
  t.end();
});

t.test('a grant tells its rate as a key does', (t) => {
  const all = budgets();
  const request = { needed: 1000, wanted: 1000 };
  all.ask(1, { kind: 'ask', limit: 'grant:s\nana', request, perSecond: 7 }, 0);
  t.match(all.drain(0), [{ kind: 'chunk', key: 'grant:s\nana', count: 7 }]);
  t.end();
});

t.test('however many keys with a rate of their own came before, the next one has its rate', (t) => {
  const all = budgets(KEYS_AT_ONCE);
  for (let i = 0; i < 4 * KEYS_AT_ONCE; i += 1) {
    all.ask(1, { ...asksOne, limit: `key:${i}` }, 0);
    all.report(1, `key:${i}`, { ...NOTHING, returned: 1 }, 0);
    all.drain(0);
  }
  all.ask(1, { ...asksOne, limit: 'key:next' }, 0);
  t.match(all.drain(0), [{ kind: 'chunk', key: 'key:next', count: 1 }], 'in place of an idle one');
  t.equal(all.size, KEYS_AT_ONCE);
  t.end();
});

t.test('a key that finds no room now is told to come back soon, and then has its rate', (t) => {
  const all = budgets(KEYS_AT_ONCE);
  for (let i = 0; i < KEYS_AT_ONCE; i += 1) all.ask(1, { ...asksOne, limit: `key:${i}` }, 0);
  all.drain(0);
  all.ask(1, { ...asksOne, limit: 'key:next' }, 0);
  t.match(all.drain(0), [{ kind: 'chunk-denied', key: 'key:next', waitMs: 1000 }]);
  all.report(1, 'key:0', { ...NOTHING, returned: 1 }, 0);
  all.sweep(0);
  all.ask(1, { ...asksOne, limit: 'key:next' }, 1000);
  t.match(all.drain(0), [{ kind: 'chunk', key: 'key:next', count: 1 }]);
  t.end();
});

t.test('only a key or a grant may tell its rate', (t) => {
  const all = budgets();
  const request = { needed: 1000, wanted: 1000 };
  all.ask(1, { kind: 'ask', limit: 'user:ana', request, perSecond: 900 }, 0);
  t.match(all.drain(0), [{ kind: 'chunk', count: 10 }]);
  t.end();
});

t.test('what is lent is told by kind, until it is reported', (t) => {
  const all = budgets();
  for (const limit of ['user:ana', 'user:bo', 'server:own']) lent(all, limit, 0, 3);
  t.same(
    [...all.lentByKind()],
    [
      ['gateway', 0],
      ['user', 6],
      ['key', 0],
      ['grant', 0],
      ['server', 3],
    ],
  );
  const report = { spent: 1, returned: 1, spentAgeMs: 0, answersRecall: false };
  all.report(1, 'user:ana', report, 1);
  t.equal(all.lentByKind().get('user'), 4);
  all.workerExited(1, 2);
  t.equal(all.lentByKind().get('user'), 0);
  t.end();
});

t.test('a share of each limit holds, and only new tokens come with a larger one', (t) => {
  const all = budgets();
  const shares = (part: number) =>
    new Map([
      ['rate:gateway', part],
      ['rate:users', part],
      ['rate:server:own', part],
      ['rate:server:common', part],
    ]);
  all.setShares(shares(0.5), null, 0);
  t.equal(lent(all, 'gateway'), 50);
  t.equal(lent(all, 'user:ana'), 5);
  t.equal(lent(all, 'server:common'), 25);
  t.same(all.effective(), {
    gatewayPerSecond: 50,
    userPerSecond: 5,
    serverPerSecond: { own: 0.5, common: 25 },
  });
  all.report(1, 'gateway', { spent: 50, returned: 0, spentAgeMs: 0, answersRecall: false }, 0);
  all.setShares(shares(1), null, 100);
  t.equal(lent(all, 'gateway', 100), 5, 'of the refill alone, at the former speed');
  t.equal(lent(all, 'server:own', 100), 2, 'one that nobody used meanwhile gains nothing either');
  t.equal(lent(all, 'user:ana', 100), 5, 'a window counts what was spent');
  all.setShares(null, null, 200);
  t.equal(lent(all, 'user:bo', 200), 10);
  t.equal(lent(all, 'gateway', 300), 20);
  t.end();
});

t.test('a share of nothing still admits one call', (t) => {
  const all = budgets();
  all.setShares(new Map(), null, 0);
  for (const key of ['gateway', 'user:ana', 'server:own', 'server:common']) {
    t.equal(lent(all, key), 1, key);
  }
  t.ok(all.effective().gatewayPerSecond !== 0, 'and its bucket refills');
  t.end();
});

t.test('what workers hold of a lowered window is called back at once', (t) => {
  const all = budgets();
  t.equal(lent(all, 'server:common', 0, 40), 40);
  all.setShares(new Map([['rate:server:common', 0.5]]), null, 10);
  t.match(all.drain(10), [{ kind: 'chunk-recall', to: 1, key: 'server:common' }]);
  all.report(
    1,
    'server:common',
    { spent: 10, returned: 30, spentAgeMs: 0, answersRecall: true },
    20,
  );
  t.equal(lent(all, 'server:common', 30), 15);
  all.setShares(new Map([['rate:server:common', 0.4]]), null, 40);
  t.match(all.drain(40), [{ kind: 'chunk-recall' }]);
  t.end();
});

t.test(
  'what is spent of the gateway’s and servers’ rates is counted while they are divided',
  (t) => {
    const all = budgets();
    const wants = new RateWants();
    all.setShares(new Map([['rate:server:common', 0.5]]), wants, 0);
    lent(all, 'server:common', 0, 20);
    lent(all, 'user:ana', 0, 20);
    all.report(
      1,
      'server:common',
      { spent: 5, returned: 15, spentAgeMs: 0, answersRecall: false },
      10,
    );
    t.equal(wants.wantOf('server:common', 20), 20, 'the most at once');
    t.equal(wants.wantOf('user:ana', 20), 0);
    lent(all, 'server:common', 30, 1000);
    lent(all, 'server:common', 30, 1000);
    t.equal(wants.wantOf('server:common', 40), Infinity, 'there is too little');
    t.end();
  },
);

t.test('an account has a part of its own where it was given one', (t) => {
  const all = budgets();
  const wants = new RateWants();
  const common: [string, number] = ['rate:users', 0.5];
  all.setShares(new Map([common]), wants, 0);
  t.equal(lent(all, 'user:ana'), 5);
  t.same([...wants.accountWants(0)], [['user:ana', { units: 10, limit: 10 }]], 'it is short');
  all.setShares(new Map([common, ['rate:account:user:ana', 0.9]]), wants, 10);
  t.equal(lent(all, 'user:ana', 10), 4);
  t.equal(lent(all, 'user:bo', 10), 5);
  all.setShares(new Map([common]), wants, 20);
  t.match(all.drain(20), [{ kind: 'chunk-recall', key: 'user:ana' }]);
  t.end();
});
