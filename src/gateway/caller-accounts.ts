/**
 * On whose accounts a call is counted. Each limit of an API key, and each of the user's grant for the
 * server, replaces the common one of users: calls are counted on an account of the key's or the grant's
 * own, and no longer on the user's. So a key may be allowed more than a user usually is, or less, and its
 * calls take nothing from the user's other keys; a grant counts all keys and tokens of its user. Where
 * both have a limit both hold. Listening streams are always the user's.
 */
import type { OwnBudgets } from '../policy/lease-messages.js';
import type { AdmissionRequest, Caller } from './admission.js';

/** A rate that an API key or a grant has of its own. */
export interface OwnRate {
  readonly kind: 'key' | 'grant';
  /** Of its account. */
  readonly name: string;
  readonly perSecond: number;
}

/** Which limit of callers a concurrent call was counted by. */
export type BudgetKind = 'user' | 'key' | 'grant';

const NO_RATES: readonly OwnRate[] = [];

/** Undefined: the common budget of users holds, for the user. */
export function ownBudgetsOf(request: AdmissionRequest): OwnBudgets | undefined {
  if (hasNone(request) || request.isListening) return undefined;
  const ofKey = keyBudget(request);
  const ofGrant = grantBudget(request);
  if (ofGrant === null) return ofKey === null ? undefined : { maxPerUser: ofKey };
  if (ofKey === null) return { maxPerUser: ofGrant };
  return { maxPerUser: ofKey, within: { name: grantAccount(request), limit: ofGrant } };
}

/** Whose budget of concurrent requests the call uses; a second one is in `ownBudgetsOf`. */
export function budgetHolderOf(request: AdmissionRequest): string {
  if (hasNone(request) || request.isListening) return request.user;
  if (keyBudget(request) !== null) return keyAccount(request);
  return grantBudget(request) === null ? request.user : grantAccount(request);
}

/** What to name to a caller whom a budget of callers refused; of two, the one over more calls. */
export function budgetKindOf(request: AdmissionRequest): BudgetKind {
  if (hasNone(request) || request.isListening) return 'user';
  if (grantBudget(request) !== null) return 'grant';
  return keyBudget(request) === null ? 'user' : 'key';
}

/** Empty: the common rate of users holds. */
export function ownRatesOf(caller: Caller): readonly OwnRate[] {
  if (hasNone(caller)) return NO_RATES;
  const rates: OwnRate[] = [];
  const ofKey = caller.keyLimits?.requestsPerSecond ?? null;
  if (ofKey !== null) rates.push({ kind: 'key', name: caller.keyId ?? '', perSecond: ofKey });
  const ofGrant = caller.grant?.limits?.requestsPerSecond ?? null;
  if (ofGrant !== null) {
    rates.push({ kind: 'grant', name: grantAccount(caller), perSecond: ofGrant });
  }
  return rates;
}

/** The usual case, told by two comparisons. */
function hasNone({ keyLimits, grant }: Caller): boolean {
  return keyLimits == null && grant === undefined;
}

function keyBudget({ keyLimits }: Caller): number | null {
  return keyLimits?.maxConcurrentRequests ?? null;
}

function grantBudget({ grant }: Caller): number | null {
  return grant?.limits?.maxConcurrentRequests ?? null;
}

// Names of users and servers have no control characters, so no two accounts share a name.

function keyAccount({ keyId }: Caller): string {
  return `\n${keyId ?? ''}`;
}

/** One for all servers that the grant stands for. */
function grantAccount({ user, grant }: Caller): string {
  return `${grant?.server ?? ''}\n${user}`;
}
