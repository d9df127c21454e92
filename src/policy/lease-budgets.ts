/**
 * The primary's lease budgets of every key (gateway, each server, each user), in a bounded table.
 * When the table is full of limits that still constrain, an ask for a new key is denied: we fail
 * closed.
 */
import { KeyedLimits } from './keyed-limits.js';
import {
  defaultLeaseBudget,
  LeaseBudget,
  type ChunkMessage,
  type ChunkReport,
  type ChunkRequest,
  type LeaseBudgetOptions,
  type LendableLimit,
} from './lease-budget.js';
import type { Incarnation } from './lease-messages.js';

export interface LeaseBudgetsOptions<Limit extends LendableLimit> {
  readonly maxKeys: number;
  /** The limit of a key, at its first ask. */
  readonly createLimit: (key: string, nowMs: number) => Limit;
  /** Told of every key that is forgotten. */
  readonly onForgotten?: (key: string) => void;
  readonly budget?: LeaseBudgetOptions;
}

// Chosen: by then some of a full table's limits will have become idle.
const TABLE_FULL_WAIT_MS = 1000;

export class LeaseBudgets<Limit extends LendableLimit = LendableLimit> {
  readonly #budgets: KeyedLimits<LeaseBudget<Limit>>;
  readonly #withPending = new Set<LeaseBudget<Limit>>();
  #outbox: ChunkMessage[] = [];

  constructor(options: LeaseBudgetsOptions<Limit>) {
    const send = (message: ChunkMessage): void => {
      this.#outbox.push(message);
    };
    this.#budgets = new KeyedLimits({
      maxKeys: options.maxKeys,
      ...(options.onForgotten && { onDropped: options.onForgotten }),
      create: (key, nowMs) =>
        new LeaseBudget(
          key,
          options.createLimit(key, nowMs),
          send,
          options.budget ?? defaultLeaseBudget,
        ),
    });
  }

  /** Takes out what is to be sent, oldest first; to be called after each batch of events. */
  drain(): readonly ChunkMessage[] {
    const messages = this.#outbox;
    this.#outbox = [];
    return messages;
  }

  ask(from: Incarnation, key: string, request: ChunkRequest, nowMs: number): void {
    const budget = this.#budgets.get(key, nowMs);
    if (budget === undefined) {
      this.#outbox.push({ kind: 'chunk-denied', to: from, key, waitMs: TABLE_FULL_WAIT_MS });
      return;
    }
    budget.ask(from, request, nowMs);
    if (budget.hasPending) this.#withPending.add(budget);
  }

  report(from: Incarnation, key: string, report: ChunkReport, nowMs: number): void {
    // A key without a budget has nothing lent, so there is nothing to settle.
    this.#budgets.peek(key)?.report(from, report, nowMs);
  }

  workerExited(incarnation: Incarnation, nowMs: number): void {
    for (const [, budget] of this.#budgets.entries()) budget.workerExited(incarnation, nowMs);
  }

  /** Denies asks that have waited too long; to be called every few tens of milliseconds. */
  tick(nowMs: number): void {
    for (const budget of this.#withPending) {
      budget.tick(nowMs);
      if (!budget.hasPending) this.#withPending.delete(budget);
    }
  }

  /** Forgets keys whose limit is idle. Returns how many. */
  sweep(nowMs: number): number {
    return this.#budgets.sweep(nowMs);
  }

  /**
   * The key's limit, to show it or to change its rate; undefined when the key is idle or unknown.
   */
  limitOf(key: string): Limit | undefined {
    return this.#budgets.peek(key)?.limit;
  }

  /** Sees to it that the key has a limit, even when nobody asks for it. */
  ensure(key: string, nowMs: number): void {
    this.#budgets.get(key, nowMs);
  }

  recallExcess(key: string, nowMs: number): void {
    this.#budgets.peek(key)?.recallExcess(nowMs);
  }

  /** Every key that has a limit now, to rescale them all. */
  *limits(): Generator<readonly [key: string, limit: Limit]> {
    for (const [key, budget] of this.#budgets.entries()) yield [key, budget.limit];
  }

  /** Every key that has a limit now, with what is lent of it. */
  *lent(): Generator<readonly [key: string, lent: number]> {
    for (const [key, budget] of this.#budgets.entries()) yield [key, budget.lent];
  }

  /** Gives the key a limit of another kind (lease-budget.ts). */
  replaceLimit(key: string, limit: Limit, nowMs: number): void {
    this.#budgets.peek(key)?.replaceLimit(limit, nowMs);
  }

  get size(): number {
    return this.#budgets.size;
  }
}
