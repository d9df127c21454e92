import t from 'tap';
import type { AdmissionRequest } from '../../src/gateway/admission.js';
import {
  budgetHolderOf,
  budgetKindOf,
  ownBudgetsOf,
  ownRatesOf,
} from '../../src/gateway/caller-accounts.js';
import { FakeExchange } from '../support/fake-exchange.js';

const request = (more: Partial<AdmissionRequest>): AdmissionRequest => ({
  user: 'ana',
  server: 's',
  isListening: false,
  exchange: new FakeExchange(),
  ...more,
});
const limits = (requestsPerSecond: number | null, maxConcurrentRequests: number | null) => ({
  requestsPerSecond,
  maxConcurrentRequests,
});
const ofKey = (rate: number | null, concurrency: number | null) => ({
  keyId: 'k1',
  keyLimits: limits(rate, concurrency),
});
const ofGrant = (rate: number | null, concurrency: number | null, server = 's') => ({
  grant: { server, limits: limits(rate, concurrency) },
});

t.test('a limit of the key is counted on an account of the key', (t) => {
  const call = request(ofKey(5, 2));
  t.same(ownBudgetsOf(call), { maxPerUser: 2 });
  t.not(budgetHolderOf(call), 'ana');
  t.not(budgetHolderOf(call), 'k1', 'which no user can be named like');
  t.equal(budgetKindOf(call), 'key');
  t.same(ownRatesOf(call), [{ kind: 'key', name: 'k1', perSecond: 5 }]);
  t.end();
});

t.test('a limit of the grant is counted on an account of the grant, whatever the key', (t) => {
  const call = request({ keyId: 'k1', ...ofGrant(5, 2) });
  t.same(ownBudgetsOf(call), { maxPerUser: 2 });
  t.equal(budgetKindOf(call), 'grant');
  t.equal(budgetHolderOf(call), budgetHolderOf(request({ keyId: null, ...ofGrant(5, 2) })));
  const others = [
    budgetHolderOf(request({ ...ofGrant(5, 2, '*') })),
    budgetHolderOf(request({ user: 'bo', ...ofGrant(5, 2) })),
    'ana',
  ];
  t.notOk(others.includes(budgetHolderOf(call)), 'each grant has its own');
  t.match(ownRatesOf(call), [{ kind: 'grant', perSecond: 5 }]);
  t.equal(
    budgetHolderOf(request(ofGrant(1, 1, '*'))),
    budgetHolderOf(request({ server: 'other', ...ofGrant(1, 1, '*') })),
    'one account for all servers that the grant stands for',
  );
  t.end();
});

t.test('where the key and the grant have a limit both hold', (t) => {
  const call = request({ ...ofKey(5, 2), ...ofGrant(7, 3) });
  t.equal(budgetHolderOf(call), budgetHolderOf(request(ofKey(5, 2))));
  t.same(ownBudgetsOf(call), {
    maxPerUser: 2,
    within: { name: budgetHolderOf(request(ofGrant(7, 3))), limit: 3 },
  });
  t.equal(budgetKindOf(call), 'grant');
  t.match(ownRatesOf(call), [
    { kind: 'key', perSecond: 5 },
    { kind: 'grant', perSecond: 7 },
  ]);
  t.end();
});

t.test('what neither limits is counted on the user', (t) => {
  const unlimited = [
    {},
    { keyId: 'k1', keyLimits: null },
    ofKey(null, null),
    ofGrant(null, null),
    { grant: { server: 's', limits: null } },
    { ...ofKey(null, null), ...ofGrant(null, null) },
  ];
  for (const caller of unlimited) {
    const call = request(caller);
    t.equal(ownBudgetsOf(call), undefined);
    t.equal(budgetHolderOf(call), 'ana');
    t.equal(budgetKindOf(call), 'user');
    t.same(ownRatesOf(call), []);
  }
  t.same(ownBudgetsOf(request({ ...ofKey(5, null), ...ofGrant(null, 3) })), { maxPerUser: 3 });
  t.end();
});

t.test("listening streams are the user's", (t) => {
  const call = request({ ...ofKey(5, 2), ...ofGrant(7, 3), isListening: true });
  t.equal(ownBudgetsOf(call), undefined);
  t.equal(budgetHolderOf(call), 'ana');
  t.equal(budgetKindOf(call), 'user');
  t.end();
});
