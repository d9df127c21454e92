import t from 'tap';
import {
  circuitRefusal,
  rateRefusal,
  slotRefusal,
  streamRefusal,
  tableFullRefusal,
} from '../../src/gateway/admission-refusals.js';
import type { RefusalReason } from '../../src/policy/lease-messages.js';

t.test(
  "429 where the caller's own budget is the cause, else 503, each with policy and time",
  (t) => {
    const rows: readonly (readonly [RefusalReason, number, string, string])[] = [
      ['user-queue-full', 429, 'GW_USER_BUSY', 'user-budget'],
      ['user-busy', 429, 'GW_USER_BUSY', 'user-budget'],
      ['queue-full', 503, 'GW_SHED', 'queue'],
      ['shed', 503, 'GW_SHED', 'queue'],
      ['queue-timeout', 503, 'GW_QUEUE_TIMEOUT', 'queue'],
      ['circuit-open', 503, 'GW_CIRCUIT_OPEN', 'circuit-breaker'],
      ['server-closed', 404, 'GW_SERVER_UNKNOWN', 'server-budget'],
      ['server-unknown', 404, 'GW_SERVER_UNKNOWN', 'server-budget'],
    ];
    for (const [reason, http, code, policy] of rows) {
      const { row, code: was, options } = slotRefusal(reason, 's');
      t.equal(row.http, http, reason);
      t.equal(was, code, reason);
      t.match(options, { data: { policy, server: 's' }, retryAfterMs: 1000 }, reason);
    }
    t.equal(streamRefusal('user-busy', 's').row.http, 429);
    t.equal(streamRefusal('queue-timeout', 's').row.http, 503);
    t.equal(tableFullRefusal('s').row.http, 503);
    t.match(circuitRefusal(4321, 's'), {
      code: 'GW_CIRCUIT_OPEN',
      options: { retryAfterMs: 4321 },
    });
    t.end();
  },
);

t.test('a rate tells how long to wait, and carries its headers', (t) => {
  const refusal = rateRefusal('user-rate', 1001, 's', { ratelimit: 'x' });
  t.equal(refusal.row.http, 429);
  t.match(refusal.message, /after 2 s/);
  t.match(refusal.options, {
    retryAfterMs: 1001,
    data: { policy: 'user-rate' },
    headers: { ratelimit: 'x' },
  });
  t.end();
});

t.test('an own budget is named as such; what is not the fault of the caller is not', (t) => {
  t.match(slotRefusal('user-busy', 's', 'key').options, {
    data: { policy: 'key-budget' },
    hint: /key/,
  });
  t.match(slotRefusal('user-busy', 's', 'grant').options, {
    data: { policy: 'grant-budget' },
    hint: /granted/,
  });
  t.match(slotRefusal('shed', 's', 'key').options, { data: { policy: 'queue' } });
  t.end();
});
