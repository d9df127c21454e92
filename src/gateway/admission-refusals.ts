/**
 * What a caller is told who is not admitted. 429: a limit set for callers (rates, the user's own
 * budget); 503: the gateway or the server is saturated or failing. Both say which policy it was and
 * when to come back.
 */
import { GatewayError, type ErrorCode } from '../kernel/errors.js';
import type { RateKind } from '../ipc/admission-messages.js';
import type { RefusalReason } from '../policy/lease-messages.js';
import type { BudgetKind } from './caller-accounts.js';

/** The policies that admit or refuse, as metrics and `data.policy` name them. */
export type AdmissionPolicy =
  | 'gateway-rate'
  | 'user-rate'
  | 'key-rate'
  | 'grant-rate'
  | 'server-rate'
  | 'circuit-breaker'
  | 'user-budget'
  | 'key-budget'
  | 'grant-budget'
  | 'server-budget'
  | 'queue'
  | 'stream-budget';

interface RefusalRow {
  readonly code: ErrorCode;
  readonly policy: AdmissionPolicy;
  readonly hint: string;
  readonly retryAfterMs: number;
}

// Chosen: slots come back within a call's time, which is usually less; one second is the least that
// Retry-After can say.
const SOON_MS = 1000;

const row = (code: ErrorCode, policy: AdmissionPolicy, hint: string): RefusalRow => ({
  code,
  policy,
  hint,
  retryAfterMs: SOON_MS,
});

const SLOT_REFUSALS: Readonly<Record<RefusalReason, RefusalRow>> = {
  'user-queue-full': row(
    'GW_USER_BUSY',
    'user-budget',
    'As many more are waiting as one user may have.',
  ),
  'user-busy': row('GW_USER_BUSY', 'user-budget', 'None of them ended in time.'),
  'queue-full': row('GW_SHED', 'queue', 'The queue is full.'),
  shed: row('GW_SHED', 'queue', 'The queue for this server does not drain.'),
  'queue-timeout': row('GW_QUEUE_TIMEOUT', 'queue', 'The server is busy.'),
  'circuit-open': row('GW_CIRCUIT_OPEN', 'circuit-breaker', 'It failed while this call waited.'),
  'server-closed': row('GW_SERVER_UNKNOWN', 'server-budget', 'It was disabled.'),
  'server-unknown': row('GW_SERVER_UNKNOWN', 'server-budget', 'It was disabled.'),
};

const OWN_BUDGET_HINTS = {
  key: 'The API key has a limit of its own.',
  grant: 'The user was granted a limit of its own.',
} as const;

/** For a call that got no slot. `budget`: whose limit of concurrent calls held for it. */
export function slotRefusal(
  reason: RefusalReason,
  server: string,
  budget: BudgetKind = 'user',
): GatewayError {
  const row = SLOT_REFUSALS[reason];
  if (budget === 'user' || row.policy !== 'user-budget') return refusal(row, server);
  const hint = `${row.hint} ${OWN_BUDGET_HINTS[budget]}`;
  return refusal({ ...row, policy: `${budget}-budget`, hint }, server);
}

/** For a listening stream beyond a cap; streams wait only for caps that are about to be free. */
export function streamRefusal(reason: RefusalReason, server: string): GatewayError {
  const isUsers = reason === 'user-busy' || reason === 'user-queue-full';
  const hint = isUsers
    ? 'The user holds as many listening streams as one may.'
    : 'Too many listening streams are open.';
  const code = isUsers ? 'GW_USER_BUSY' : 'GW_SHED';
  return refusal({ code, policy: 'stream-budget', hint, retryAfterMs: 5 * SOON_MS }, server);
}

export function rateRefusal(
  policy: `${RateKind}-rate`,
  waitMs: number,
  server: string,
  headers: Readonly<Record<string, string>>,
): GatewayError {
  return new GatewayError('GW_RATE_LIMITED', {
    hint: `Come back after ${Math.ceil(waitMs / 1000)} s.`,
    retryAfterMs: waitMs,
    data: { policy, server },
    headers,
  });
}

export function circuitRefusal(waitMs: number, server: string): GatewayError {
  return new GatewayError('GW_CIRCUIT_OPEN', {
    retryAfterMs: waitMs,
    data: { policy: 'circuit-breaker', server },
  });
}

/** Too many callers to keep an account of each. */
export function tableFullRefusal(server: string): GatewayError {
  return refusal(row('GW_SHED', 'queue', 'Too many callers at once.'), server);
}

function refusal({ code, policy, hint, retryAfterMs }: RefusalRow, server: string): GatewayError {
  return new GatewayError(code, { hint, retryAfterMs, data: { policy, server } });
}
