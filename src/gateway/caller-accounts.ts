/**
 * On whose accounts a call is counted. Each limit of an API key replaces its user's for the calls made
 * with that key: they are counted on an account of the key's own and no longer on the user's. So a key
 * may be allowed more than a user usually is, or less, and its calls take nothing from the user's other
 * keys. Listening streams are always the user's.
 */
import type { AdmissionRequest, KeyLimits } from './admission.js';
import type { KeyRate } from './rate-shares.js';

/** Own limit of concurrent requests; undefined: the common one of users. */
export function ownBudgetOf({ keyLimits, isListening }: AdmissionRequest): number | undefined {
  if (keyLimits == null || isListening) return undefined;
  return keyLimits.maxConcurrentRequests ?? undefined;
}

/** Whose budget of concurrent requests the call uses. Names of users have no control characters. */
export function budgetHolderOf(request: AdmissionRequest): string {
  const { user, keyLimits } = request;
  if (keyLimits == null || ownBudgetOf(request) === undefined) return user;
  return `\n${keyLimits.keyId}`;
}

/** Null: the user's rate holds. */
export function keyRateOf(keyLimits: KeyLimits | null | undefined): KeyRate | null {
  if (keyLimits == null || keyLimits.requestsPerSecond === null) return null;
  return { keyId: keyLimits.keyId, perSecond: keyLimits.requestsPerSecond };
}
