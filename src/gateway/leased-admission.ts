/**
 * Admission as a worker decides it: breaker, then rates, then slots. All three are usually answered
 * from what the worker already holds, in one synchronous step; whatever is missing is asked of the
 * primary, which keeps the exact books over all workers. The breaker comes first because its answer
 * is the cheapest and spends nothing.
 */
import type { PrimaryEvent, WorkerEvent } from '../ipc/admission-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import { TickBatch } from '../kernel/tick-batch.js';
import { BreakerGate } from '../policy/breaker-gate.js';
import type { RefusalReason } from '../policy/lease-messages.js';
import type { AdmissionCounts } from '../telemetry/admission-counts.js';
import type { CleanupCounts } from '../telemetry/cleanup-counts.js';
import {
  circuitRefusal,
  rateRefusal,
  slotRefusal,
  streamRefusal,
  tableFullRefusal,
  type AdmissionPolicy,
} from './admission-refusals.js';
import type { Admission, AdmissionRequest, Permit } from './admission.js';
import { AttemptEnds } from './attempt-ends.js';
import type { CallRate, Limited, SpendResult } from './call-rate.js';
import { budgetHolderOf, budgetKindOf, ownBudgetsOf, ownRatesOf } from './caller-accounts.js';
import { LeasedPermit, type PermitParts } from './leased-permit.js';
import { RateLimitHeaders, type Quotas } from './rate-limit-headers.js';
import { OwnSlots } from './own-slots.js';
import { RateShares, type RateLimits } from './rate-shares.js';
import { SlotTickets } from './slot-tickets.js';

/** What a reload may change. */
export interface AdmissionSettings {
  /** Names of the enabled servers. */
  readonly servers: readonly string[];
  readonly quotas: Quotas;
  readonly queueTimeoutMs: number;
}

export interface LeasedAdmissionOptions extends AdmissionSettings {
  readonly counts: AdmissionCounts;
  readonly cleanup?: CleanupCounts;
  readonly send: (events: readonly WorkerEvent[]) => void;
  /** Told when so many slots for calls that went back are in use by other workers. */
  readonly onCloseIdle?: (server: string, count: number) => void;
  /** Asks the server for something harmless; resolves whether it answered. Never rejects. */
  readonly probe: (server: string) => Promise<boolean>;
}

/** The primary refuses what waited too long; this much later the worker stops waiting for its word. */
const ANSWER_MARGIN_MS = 2000;
/** Places of rate limits come back this much late. */
const REPORT_MS = 50;
/** Failures are told at once; successes may wait a little. */
const ENDS_MS = 200;
/** Half of the time after which idle slots go home. */
const SWEEP_MS = 125;

/** Refusals of calls that found no place to wait. */
const OVERFLOWS: ReadonlySet<RefusalReason> = new Set(['queue-full', 'user-queue-full', 'shed']);

export class LeasedAdmission implements Admission {
  readonly #options: LeasedAdmissionOptions;
  readonly #outbox: TickBatch<WorkerEvent>;
  readonly #gates = new Map<string, BreakerGate>();
  readonly #rates: RateShares;
  readonly #headers: RateLimitHeaders;
  readonly #calls: SlotTickets;
  readonly #streams: SlotTickets;
  readonly #ends: AttemptEnds;
  /** For what the gateway itself asks of servers. */
  readonly ownSlots: OwnSlots;
  readonly #parts: PermitParts;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: LeasedAdmissionOptions) {
    this.#options = options;
    const { quotas, queueTimeoutMs } = options;
    this.#outbox = new TickBatch(options.send, () => {
      this.#rates.beforeSend(monotonicMs());
    });
    const send = (event: WorkerEvent): void => {
      this.#outbox.push(event);
    };
    this.#setServers(options.servers);
    this.#rates = new RateShares({
      ...limitsOf(quotas),
      send,
      schedule: () => {
        this.#outbox.schedule();
      },
    });
    this.#headers = new RateLimitHeaders(quotas);
    const maxWaitMs = queueTimeoutMs + ANSWER_MARGIN_MS;
    const { onCloseIdle } = options;
    this.#calls = new SlotTickets({
      of: 'calls',
      maxWaitMs,
      send,
      ...(onCloseIdle && { onCloseIdle }),
      nowMs: monotonicMs,
    });
    this.#streams = new SlotTickets({ of: 'streams', maxWaitMs, send, nowMs: monotonicMs });
    this.#ends = new AttemptEnds(send);
    this.ownSlots = new OwnSlots(this.#calls);
    this.#parts = {
      headers: this.#headers,
      ends: this.#ends,
      calls: this.#calls,
      streams: this.#streams,
    };
  }

  /** Other servers and limits from now on; calls that were admitted, or wait, go on. */
  configure({ servers, quotas, queueTimeoutMs }: AdmissionSettings): void {
    this.#setServers(servers);
    this.#rates.setLimits(limitsOf(quotas));
    this.#headers.setQuotas(quotas);
    this.#calls.setMaxWait(queueTimeoutMs + ANSWER_MARGIN_MS);
    this.#streams.setMaxWait(queueTimeoutMs + ANSWER_MARGIN_MS);
  }

  /** Begins the sweeps. */
  start(): void {
    const report = setInterval(() => {
      const forgotten = this.#rates.sweep(monotonicMs());
      this.#options.cleanup?.removed('rate-shares', forgotten);
    }, REPORT_MS);
    const ends = setInterval(() => {
      this.#ends.sweep();
    }, ENDS_MS);
    const sweep = setInterval(() => {
      this.#calls.sweep();
      this.#streams.sweep();
    }, SWEEP_MS);
    this.#timers = [report, ends, sweep];
  }

  /** For a drain, when nothing is in flight any more: gives back what is idle and says the last word. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#calls.returnAllIdle();
    this.#streams.returnAllIdle();
    this.#rates.sweep(monotonicMs());
    this.#ends.sweep();
    this.#outbox.flush();
  }

  admit(request: AdmissionRequest): Permit | Promise<Permit> {
    const { user, server, isListening } = request;
    const gate = this.#gate(server);
    const nowMs = monotonicMs();
    this.#passBreaker(gate, server, nowMs);
    const rates = this.#rates.ratesOf(user, server, nowMs, ownRatesOf(request));
    if (rates === null) throw this.#refused('queue', tableFullRefusal(server));
    const spent = this.#rates.spend(rates, nowMs);
    if (typeof spent === 'object' && !(spent instanceof Promise)) {
      throw this.#limited(server, rates, spent);
    }
    const tickets = isListening ? this.#streams : this.#calls;
    if (spent === 'spent' && tickets.take(budgetHolderOf(request), server, ownBudgetsOf(request))) {
      return this.#permit(request, gate, rates);
    }
    return this.#admitLater(request, { gate, rates, spent });
  }

  /** An idle connection to the server is gone by itself. */
  idleGone(server: string): void {
    this.#outbox.push({ kind: 'idle-gone', of: 'calls', server });
  }

  inFlight(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const server of this.#gates.keys()) {
      const inUse = this.#calls.inUse(server);
      if (inUse > 0) counts.set(server, inUse);
    }
    return counts;
  }

  listening(): number {
    let count = 0;
    for (const server of this.#gates.keys()) count += this.#streams.inUse(server);
    return count;
  }

  /** Slots held for calls and not in use, by server. */
  idleSlots(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const server of this.#gates.keys()) {
      const idle = this.#calls.idle(server);
      if (idle > 0) counts.set(server, idle);
    }
    return counts;
  }

  /** Takes in one batch of the primary's. */
  receive(events: readonly PrimaryEvent[]): void {
    for (const event of events) this.#onEvent(event);
  }

  #setServers(servers: readonly string[]): void {
    for (const server of this.#gates.keys()) {
      if (!servers.includes(server)) this.#gates.delete(server);
    }
    for (const server of servers) {
      if (!this.#gates.has(server)) this.#gates.set(server, new BreakerGate());
    }
  }

  #onEvent(event: PrimaryEvent): void {
    switch (event.kind) {
      case 'slots':
        (event.of === 'calls' ? this.#calls : this.#streams).onMessage(event.message);
        return;
      case 'rate':
        this.#rates.onMessage(event.message, monotonicMs());
        return;
      case 'breaker':
        this.#gates.get(event.server)?.apply(event.announced, monotonicMs());
        return;
      case 'probe':
        void this.#probe(event);
        return;
      case 'scale':
        this.#headers.setScale(event.scale);
    }
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
    const tickets = isListening ? this.#streams : this.#calls;
    const holder = budgetHolderOf(request);
    const own = ownBudgetsOf(request);
    if (!tickets.take(holder, server, own)) {
      const answer = await tickets.wait(holder, server, exchange, own);
      this.#options.counts.waited(server, monotonicMs() - askedAtMs);
      if (answer !== 'granted') {
        this.#rates.refund(rates, askedAtMs);
        if (answer === 'client-closed') throw clientClosed();
        if (!isListening && OVERFLOWS.has(answer)) this.#options.counts.overflowed(server);
        const refusal = isListening
          ? streamRefusal(answer, server)
          : slotRefusal(answer, server, budgetKindOf(request));
        throw this.#refused(policyOf(refusal), refusal);
      }
    }
    return this.#permit(request, gate, rates);
  }

  #permit(request: AdmissionRequest, gate: BreakerGate, rates: readonly CallRate[]): Permit {
    this.#options.counts.admitted();
    return new LeasedPermit(this.#parts, request, gate, rates);
  }

  #gate(server: string): BreakerGate {
    const gate = this.#gates.get(server);
    if (gate === undefined) throw slotRefusal('server-unknown', server);
    return gate;
  }

  #passBreaker(gate: BreakerGate, server: string, nowMs: number): void {
    const waitMs = gate.admit(nowMs);
    if (waitMs > 0) throw this.#refused('circuit-breaker', circuitRefusal(waitMs, server));
  }

  #limited(server: string, rates: readonly CallRate[], limited: Limited): GatewayError {
    const policy = `${limited.rate.kind}-rate` as const;
    const headers = this.#headers.ofRefusal(server, rates, limited);
    return this.#refused(policy, rateRefusal(policy, limited.waitMs, server, headers));
  }

  async #probe({ server, generation }: { server: string; generation: number }): Promise<void> {
    const succeeded = await this.ownSlots.probe(server, () => this.#options.probe(server));
    this.#outbox.push({ kind: 'probed', server, generation, succeeded });
  }

  #refused(policy: AdmissionPolicy, refusal: GatewayError): GatewayError {
    this.#options.counts.refused(policy);
    return refusal;
  }
}

function limitsOf(quotas: Quotas): RateLimits {
  return {
    hasGatewayLimit: quotas.gateway !== null,
    hasUserLimit: quotas.user !== null,
    limitedServers: new Set(quotas.servers.keys()),
  };
}

function policyOf(refusal: GatewayError): AdmissionPolicy {
  return (refusal.options.data?.['policy'] ?? 'queue') as AdmissionPolicy;
}

function clientClosed(): GatewayError {
  // Never seen by anyone: the client is gone, and the record says so.
  return new GatewayError('GW_BAD_REQUEST', { log: { clientClosed: true } });
}
