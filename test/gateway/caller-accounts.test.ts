import t from 'tap';
import type { KeyLimits } from '../../src/gateway/admission.js';
import { budgetHolderOf, keyRateOf, ownBudgetOf } from '../../src/gateway/caller-accounts.js';
import { FakeExchange } from '../support/fake-exchange.js';

const request = (keyLimits: KeyLimits | null, isListening = false) => ({
  user: 'ana',
  server: 's',
  keyLimits,
  isListening,
  exchange: new FakeExchange(),
});
const both: KeyLimits = { keyId: 'k1', requestsPerSecond: 5, maxConcurrentRequests: 2 };

t.test('a limit of the key is counted on an account of the key', (t) => {
  t.equal(ownBudgetOf(request(both)), 2);
  t.not(budgetHolderOf(request(both)), 'ana');
  t.not(budgetHolderOf(request(both)), 'k1', 'which no user can be named like');
  t.same(keyRateOf(both), { keyId: 'k1', perSecond: 5 });
  t.end();
});

t.test('what the key does not limit is counted on its user', (t) => {
  for (const keyLimits of [null, { ...both, maxConcurrentRequests: null }]) {
    t.equal(ownBudgetOf(request(keyLimits)), undefined);
    t.equal(budgetHolderOf(request(keyLimits)), 'ana');
  }
  t.equal(keyRateOf({ ...both, requestsPerSecond: null }), null);
  t.equal(keyRateOf(null), null);
  t.end();
});

t.test("listening streams are the user's", (t) => {
  t.equal(ownBudgetOf(request(both, true)), undefined);
  t.equal(budgetHolderOf(request(both, true)), 'ana');
  t.end();
});
