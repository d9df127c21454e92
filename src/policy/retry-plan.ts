/**
 * May a failed attempt be made again, and after how long? Only when that cannot run a tool twice:
 * the request provably never left, or repeating it is harmless (lists, reads, tools marked
 * idempotentHint or readOnlyHint). Gateways that replayed on reconnect ran side effects
 * twice (smg-project/smg#2441). Otherwise the caller must say that the outcome is unknown. Waiting
 * is full jitter, random(0, min(cap, base * 2^n)) (Brooker, "Exponential Backoff and Jitter", AWS
 * 2015), never less than an upstream's Retry-After, and never past the request's deadline.
 */
import type { RetryBudget } from './retry-budget.js';

export interface RetryPlanOptions {
  /** Attempts in all, the first included. Default 2. */
  readonly maxAttempts: number;
  /** Default 50. */
  readonly baseMs: number;
  /** Longest jittered wait. Default 1 000. */
  readonly capMs: number;
}

export const defaultRetryPlan: RetryPlanOptions = { maxAttempts: 2, baseMs: 50, capMs: 1000 };

export interface FailedAttempt {
  /** Attempts made so far, >= 1. */
  readonly attempts: number;
  /** False only when not one byte of the request can have reached the upstream. */
  readonly maybeSent: boolean;
  readonly isIdempotent: boolean;
  /** Until the request's deadline. */
  readonly timeLeftMs: number;
  /** What the upstream asked for. */
  readonly retryAfterMs?: number | undefined;
}

export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly reason: RetryRefusal };

/** Why not; `outcome-unknown` must be told to the client. */
export type RetryRefusal = 'outcome-unknown' | 'attempts-used-up' | 'too-late' | 'budget-used-up';

/** Decides, and pays from the budget when it says yes. `random` yields [0, 1). */
export function planRetry(
  failed: FailedAttempt,
  budget: RetryBudget,
  random: () => number,
  options: RetryPlanOptions = defaultRetryPlan,
): RetryDecision {
  const { attempts, maybeSent, isIdempotent, timeLeftMs, retryAfterMs = 0 } = failed;
  if (maybeSent && !isIdempotent) return { retry: false, reason: 'outcome-unknown' };
  if (attempts >= options.maxAttempts) return { retry: false, reason: 'attempts-used-up' };
  const jitterMs = random() * Math.min(options.capMs, options.baseMs * 2 ** (attempts - 1));
  const delayMs = Math.max(retryAfterMs, jitterMs);
  if (delayMs >= timeLeftMs) return { retry: false, reason: 'too-late' };
  // Last, so that a retry that is not made for another reason costs nothing.
  if (!budget.withdraw()) return { retry: false, reason: 'budget-used-up' };
  return { retry: true, delayMs };
}
