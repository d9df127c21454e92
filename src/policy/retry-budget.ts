/**
 * Retries may add at most a tenth to the load they answer to: each first attempt pays in `ratio`,
 * each retry costs 1 (the 10 % of Google SRE, "Handling Overload"; kept as a balance like gRPC's
 * and Finagle's). The balance is bounded, so a quiet hour does not save up a storm, and starts with
 * a small reserve, so that a lone failure can be retried at all:
 *   retries <= reserve + ratio * first attempts, at every moment.
 */

export interface RetryBudgetOptions {
  /** Retries per first attempt. Default 0.1. */
  readonly ratio: number;
  /** Retries possible at the start. Default 3, as Envoy's minimum. */
  readonly reserve: number;
  /** Most that can be saved up. Default 10. */
  readonly maxBalance: number;
}

export const defaultRetryBudget: RetryBudgetOptions = { ratio: 0.1, reserve: 3, maxBalance: 10 };

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  #balance: number;

  constructor(options: RetryBudgetOptions = defaultRetryBudget) {
    this.#options = options;
    this.#balance = options.reserve;
  }

  /** A first attempt is made. */
  deposit(): void {
    const { ratio, maxBalance } = this.#options;
    this.#balance = Math.min(maxBalance, this.#balance + ratio);
  }

  /** Pays for one retry; false when there is not enough. */
  withdraw(): boolean {
    if (this.#balance < 1) return false;
    this.#balance -= 1;
    return true;
  }

  get balance(): number {
    return this.#balance;
  }
}
