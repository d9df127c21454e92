/** One rate limit as a call meets it, and what may come of spending from those that a call meets. */
import { rateKey, type RateKind } from '../ipc/admission-messages.js';
import { defaultLeaseShare, LeaseShare } from '../policy/lease-share.js';

export interface CallRate {
  readonly kind: RateKind;
  readonly share: LeaseShare;
  /** Names the limit in messages. */
  readonly key: string;
  /** An API key's or a grant's own rate. Null: the configuration has it. */
  readonly perSecond: number | null;
}

export type SpendResult = 'spent' | Limited;

export interface Limited {
  readonly rate: CallRate;
  readonly waitMs: number;
}

/**
 * Callers are many, and most call rarely. What one has left over keeps nobody else waiting: the primary
 * recalls it when the same caller needs it in another worker.
 */
const OF_CALLER = { ...defaultLeaseShare, keepMs: 5000 };

/** `share`: of the limit that this one takes the place of. */
export function newRate(
  kind: RateKind,
  name: string,
  perSecond: number | null = null,
  share = new LeaseShare(kind === 'gateway' || kind === 'server' ? defaultLeaseShare : OF_CALLER),
): CallRate {
  return { kind, share, key: rateKey(kind, name), perSecond };
}
