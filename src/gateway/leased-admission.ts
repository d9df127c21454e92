/**
 * Admission as a worker decides it: breaker, then rates, then slots. All three are usually answered
 * from what the worker already holds (worker-leases.ts), in one synchronous step; whatever is missing is
 * asked of the primary. The breaker comes first because its answer is the cheapest and spends nothing.
 */
import { monotonicMs } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import type { BreakerGate } from '../policy/breaker-gate.js';
import type { RefusalReason } from '../policy/lease-messages.js';
import type { AdmissionCounts } from '../telemetry/admission-counts.js';
import {
  circuitRefusal,
  rateRefusal,
  slotRefusal,
  streamRefusal,
  tableFullRefusal,
  type AdmissionPolicy,
} from './admission-refusals.js';
import type { Admission, AdmissionRequest, Permit } from './admission.js';
import type { CallRate, Limited, SpendResult } from './call-rate.js';
import { budgetHolderOf, budgetKindOf, ownBudgetsOf, ownRatesOf } from './caller-accounts.js';
import { LeasedPermit } from './leased-permit.js';
import type { WorkerLeases } from './worker-leases.js';

/** Refusals of calls that found no place to wait. */
const OVERFLOWS: ReadonlySet<RefusalReason> = new Set(['queue-full', 'user-queue-full', 'shed']);

export class LeasedAdmission implements Admission {
  readonly #leases: WorkerLeases;
  readonly #counts: AdmissionCounts;

  constructor(leases: WorkerLeases, counts: AdmissionCounts) {
    this.#leases = leases;
    this.#counts = counts;
  }

  admit(request: AdmissionRequest): Permit | Promise<Permit> {
    const { user, server, isListening } = request;
    const { rates: shares, calls, streams } = this.#leases;
    const gate = this.#gate(server);
    const nowMs = monotonicMs();
    this.#passBreaker(gate, server, nowMs);
    const rates = shares.ratesOf(user, server, nowMs, ownRatesOf(request));
    if (rates === null) throw this.#refused('queue', tableFullRefusal(server));
    const spent = shares.spend(rates, nowMs);
    if (typeof spent === 'object' && !(spent instanceof Promise)) {
      throw this.#limited(server, rates, spent);
    }
    const tickets = isListening ? streams : calls;
    if (spent === 'spent' && tickets.take(budgetHolderOf(request), server, ownBudgetsOf(request))) {
      return this.#permit(request, gate, rates);
    }
    return this.#admitLater(request, { gate, rates, spent });
  }

  inFlight(): ReadonlyMap<string, number> {
    return this.#leases.inFlight();
  }

  listening(): number {
    return this.#leases.listening();
  }

  async #admitLater(
    request: AdmissionRequest,
    state: {
      readonly gate: BreakerGate;
      readonly rates: readonly CallRate[];
      readonly spent: 'spent' | Promise<SpendResult>;
    },
  ): Promise<Permit> {
    const { server, isListening, exchange } = request;
    const { gate, rates } = state;
    const spent = await state.spent;
    const askedAtMs = monotonicMs();
    if (spent !== 'spent') throw this.#limited(server, rates, spent);
    // The primary empties the queue when it opens a circuit; a call that waits for a rate is not in it.
    if (gate.state === 'open') this.#passBreaker(gate, server, askedAtMs);
    const tickets = isListening ? this.#leases.streams : this.#leases.calls;
    const holder = budgetHolderOf(request);
    const own = ownBudgetsOf(request);
    if (!tickets.take(holder, server, own)) {
      const answer = await tickets.wait(holder, server, exchange, own);
      this.#counts.waited(server, monotonicMs() - askedAtMs);
      if (answer !== 'granted') {
        this.#leases.rates.refund(rates, askedAtMs);
        if (answer === 'client-closed') throw clientClosed();
        if (!isListening && OVERFLOWS.has(answer)) this.#counts.overflowed(server);
        const refusal = isListening
          ? streamRefusal(answer, server)
          : slotRefusal(answer, server, budgetKindOf(request));
        throw this.#refused(policyOf(refusal), refusal);
      }
    }
    return this.#permit(request, gate, rates);
  }

  #permit(request: AdmissionRequest, gate: BreakerGate, rates: readonly CallRate[]): Permit {
    this.#counts.admitted();
    return new LeasedPermit(this.#leases, request, gate, rates);
  }

  #gate(server: string): BreakerGate {
    const gate = this.#leases.gate(server);
    if (gate === undefined) throw slotRefusal('server-unknown', server);
    return gate;
  }

  #passBreaker(gate: BreakerGate, server: string, nowMs: number): void {
    const waitMs = gate.admit(nowMs);
    if (waitMs > 0) throw this.#refused('circuit-breaker', circuitRefusal(waitMs, server));
  }

  #limited(server: string, rates: readonly CallRate[], limited: Limited): GatewayError {
    const policy = `${limited.rate.kind}-rate` as const;
    const headers = this.#leases.headers.ofRefusal(server, rates, limited);
    return this.#refused(policy, rateRefusal(policy, limited.waitMs, server, headers));
  }

  #refused(policy: AdmissionPolicy, refusal: GatewayError): GatewayError {
    this.#counts.refused(policy);
    return refusal;
  }
}

function policyOf(refusal: GatewayError): AdmissionPolicy {
  return (refusal.options.data?.['policy'] ?? 'queue') as AdmissionPolicy;
}

function clientClosed(): GatewayError {
  // Never seen by anyone: the client is gone, and the record says so.
  return new GatewayError('GW_BAD_REQUEST', { log: { clientClosed: true } });
}
