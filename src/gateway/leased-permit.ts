/**
 * What an admitted call holds: its slot, the rates it spent, and the generation of its server's
 * breaker. One small object per call, because a closure for each of its methods costs more.
 */
import type { BreakerGate } from '../policy/breaker-gate.js';
import type { AdmissionRequest, AttemptEnd, Permit } from './admission.js';
import type { AttemptEnds } from './attempt-ends.js';
import type { RateLimitHeaders } from './rate-limit-headers.js';
import { budgetHolderOf, ownBudgetsOf } from './caller-accounts.js';
import type { CallRate } from './call-rate.js';
import type { SlotTickets } from './slot-tickets.js';

/** Of the whole worker. */
export interface PermitParts {
  readonly headers: RateLimitHeaders;
  readonly ends: AttemptEnds;
  readonly calls: SlotTickets;
  readonly streams: SlotTickets;
}

export class LeasedPermit implements Permit {
  readonly #parts: PermitParts;
  readonly #holder: string;
  readonly #within: string | undefined;
  readonly #server: string;
  readonly #isListening: boolean;
  readonly #gate: BreakerGate;
  readonly #generation: number;
  readonly #rates: readonly CallRate[];
  #isHeld = true;

  /** The caller has taken the slot; this permit now owes its return. */
  constructor(
    parts: PermitParts,
    request: AdmissionRequest,
    gate: BreakerGate,
    rates: readonly CallRate[],
  ) {
    this.#parts = parts;
    this.#holder = budgetHolderOf(request);
    this.#within = ownBudgetsOf(request)?.within?.name;
    this.#server = request.server;
    this.#isListening = request.isListening;
    this.#gate = gate;
    this.#generation = gate.generation;
    this.#rates = rates;
  }

  addHeaders(reply: Record<string, string>): void {
    this.#parts.headers.addTo(reply, this.#server, this.#rates);
  }

  ended(end: AttemptEnd): void {
    const { ends, calls } = this.#parts;
    ends.add(this.#server, this.#generation, end, calls.inUse(this.#server));
  }

  isCurrent(): boolean {
    return this.#gate.state === 'closed' && this.#gate.generation === this.#generation;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const { calls, streams } = this.#parts;
    (this.#isListening ? streams : calls).put(this.#holder, this.#server, this.#within);
  }
}
