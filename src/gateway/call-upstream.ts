/**
 * One admitted request's attempts at its upstream: the first, and at most one more where that cannot
 * run a tool twice (policy/retry-plan.ts). The only place that repeats anything. Both attempts share
 * the request's slot and its one deadline.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from '../kernel/clock.js';
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { planRetry, type RetryDecision } from '../policy/retry-plan.js';
import type { RetryBudget } from '../policy/retry-budget.js';
import type { Permit } from './admission.js';
import { attemptEnd } from './attempt-end.js';
import { findHeader } from './forward-headers.js';
import type { OpenRelays } from './open-relays.js';
import { relayResponse, type RelayOptions, type RelayResult } from './relay-response.js';

export interface CallUpstreamOptions {
  /** Options of one attempt, each time anew. */
  readonly relay: (attempt: RelayAttempt) => RelayOptions;
  /** Of this server; its timeout is the deadline of both attempts. */
  readonly openRelays: OpenRelays;
  readonly isListening: boolean;
  readonly isPost: boolean;
  readonly permit: Permit;
  /** Read only when an attempt failed. */
  readonly isIdempotent: () => boolean;
  /** This server's, in this worker. */
  readonly retryBudget: RetryBudget;
  /** The tool or the method: calls of one class usually take alike. */
  readonly latencyClass: string;
  readonly onRetry: () => void;
}

/** What of the relay's options differs from attempt to attempt. */
export type RelayAttempt = Required<Pick<RelayOptions, 'isRetried' | 'timeLeftMs'>>;

/** Statuses with which an upstream says "not now". */
const NOT_NOW = new Set([429, 502, 503, 504]);

/** Until a plan was asked for. */
const NOT_PLANNED: RetryDecision = { retry: false, reason: 'attempts-used-up' };

export async function callUpstream(options: CallUpstreamOptions): Promise<RelayResult> {
  const { relay, permit, retryBudget, latencyClass, isListening, isPost } = options;
  const untilMs = monotonicMs() + options.openRelays.timeoutMs;
  retryBudget.deposit();
  for (let attempts = 1; ; attempts += 1) {
    const startedAtMs = monotonicMs();
    const facts = () => {
      return { latencyClass, latencyMs: monotonicMs() - startedAtMs, isListening, isPost };
    };
    let planned = NOT_PLANNED;
    const plan = (maybeSent: boolean, retryAfterMs?: number): RetryDecision => {
      planned = planRetry(
        {
          attempts,
          maybeSent,
          isIdempotent: options.isIdempotent(),
          timeLeftMs: permit.isCurrent() ? untilMs - monotonicMs() : 0,
          retryAfterMs,
        },
        retryBudget,
        Math.random,
      );
      return planned;
    };
    try {
      const attempt = relay({
        timeLeftMs: attempts === 1 ? undefined : untilMs - startedAtMs,
        isRetried: (status, headers) =>
          NOT_NOW.has(status) && plan(true, retryAfterMs(headers)).retry,
      });
      const result = await relayResponse(attempt);
      permit.ended(attemptEnd(result, facts()));
      return result;
    } catch (thrown) {
      const error = asGatewayError(thrown);
      permit.ended(attemptEnd(error, facts()));
      const decision = planned === NOT_PLANNED ? planFor(error, plan) : planned;
      if (!decision.retry) throw decision.reason === 'outcome-unknown' ? unknown(error) : error;
      options.onRetry();
      // The client's leaving is seen by the next attempt at once; the wait is at most a second or two.
      await pause(decision.delayMs);
    }
  }
}

const NOT_RETRIED: RetryDecision = { retry: false, reason: 'too-late' };

function planFor(error: GatewayError, plan: (maybeSent: boolean) => RetryDecision): RetryDecision {
  const isUpstreams =
    error.code === 'GW_UPSTREAM_UNREACHABLE' ||
    error.code === 'GW_UPSTREAM_TIMEOUT' ||
    // Not this worker's own drain: the server begins anew.
    (error.code === 'GW_DRAINING' && error.options.log?.['from'] === 'upstream-host');
  // An upstream that refused the gateway's credential will do so again.
  if (!isUpstreams || error.options.log?.['upstreamStatus'] !== undefined) return NOT_RETRIED;
  return plan(error.options.log?.['sent'] !== false);
}

/** The client must know that the call may have been executed. */
function unknown(error: GatewayError): GatewayError {
  if (error.options.hint !== undefined) return error;
  return new GatewayError(error.code, {
    ...error.options,
    hint: 'Whether the request was carried out is unknown.',
    cause: error.cause,
  });
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3); dates are not believed, because clocks differ. */
function retryAfterMs(headers: readonly string[]): number | undefined {
  const value = findHeader(headers, 'retry-after');
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}
