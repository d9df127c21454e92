/**
 * What an admitted call holds: its slot, the rates it spent, and the generation of its server's
 * breaker. One small object per call, because a closure for each of its methods costs more.
 */
import type { BreakerGate } from '../policy/breaker-gate.js';
import type { AdmissionRequest, AttemptEnd, Permit } from './admission.js';
import { budgetHolderOf, ownBudgetsOf } from './caller-accounts.js';
import type { CallRate } from './call-rate.js';
import type { WorkerLeases } from './worker-leases.js';

/** Of the whole worker. */
type Leases = Pick<WorkerLeases, 'headers' | 'ends' | 'calls' | 'streams'>;

export class LeasedPermit implements Permit {
  readonly #leases: Leases;
  readonly #user: string;
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
    leases: Leases,
    request: AdmissionRequest,
    gate: BreakerGate,
    rates: readonly CallRate[],
  ) {
    this.#leases = leases;
    this.#user = request.user;
    this.#holder = budgetHolderOf(request);
    this.#within = ownBudgetsOf(request)?.within?.name;
    this.#server = request.server;
    this.#isListening = request.isListening;
    this.#gate = gate;
    this.#generation = gate.generation;
    this.#rates = rates;
  }

  addHeaders(reply: Record<string, string>): void {
    this.#leases.headers.addTo(reply, this.#server, this.#rates);
  }

  ended(end: AttemptEnd): void {
    const { ends, calls } = this.#leases;
    const admitted = { user: this.#user, generation: this.#generation };
    ends.add(this.#server, admitted, end, calls.inUse(this.#server));
  }

  isCurrent(): boolean {
    return this.#gate.state === 'closed' && this.#gate.generation === this.#generation;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const { calls, streams } = this.#leases;
    (this.#isListening ? streams : calls).put(this.#holder, this.#server, this.#within);
  }
}
