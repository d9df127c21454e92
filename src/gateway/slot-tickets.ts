/**
 * A worker's way to slots: idle ones it holds, at once; else a ticket to the primary and a wait that
 * ends with a grant, a refusal, the client's leaving or the deadline, whichever comes first. Two of
 * these serve a worker, one for calls and one for listening streams. Why the budgets hold is told in
 * policy/lease-ledger.ts.
 */
import type { SlotsOf, WorkerEvent } from '../ipc/admission-messages.js';
import type {
  CloseIdle,
  LedgerMessage,
  OwnBudgets,
  RefusalReason,
} from '../policy/lease-messages.js';
import { LocalLeases } from '../policy/local-leases.js';
import type { HttpExchange } from './exchange.js';

export interface SlotTicketsOptions {
  readonly of: SlotsOf;
  /**
   * Longest wait for the primary's word. It counts the queue's time itself and answers before this;
   * the bound is for a primary that does not answer.
   */
  readonly maxWaitMs: number;
  readonly send: (event: WorkerEvent) => void;
  /** Closes idle connections, before it returns: the slots that left them are wanted elsewhere. */
  readonly onCloseIdle?: (server: string, count: number) => void;
  readonly nowMs: () => number;
}

export type SlotAnswer = 'granted' | 'client-closed' | RefusalReason;

interface Waiting {
  readonly own: OwnBudgets | undefined;
  readonly untilMs: number;
  readonly answer: (answer: SlotAnswer) => void;
}

export class SlotTickets {
  readonly #options: SlotTicketsOptions;
  readonly #leases = new LocalLeases();
  /** In order of arrival, so that only the first need be looked at for the deadline. */
  readonly #waiting = new Map<number, Waiting>();
  #lastTicket = 0;
  #maxWaitMs: number;

  constructor(options: SlotTicketsOptions) {
    this.#options = options;
    this.#maxWaitMs = options.maxWaitMs;
  }

  /** For waits that begin from now on. */
  setMaxWait(maxWaitMs: number): void {
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * True: the caller holds a slot and owes one `put`. `own`: what is not common of its budgets.
   */
  take(user: string, server: string, own?: OwnBudgets): boolean {
    return this.#leases.take(user, server, own);
  }

  /** After a false `take`. `granted`: the caller holds a slot and owes one `put`. */
  wait(
    user: string,
    server: string,
    exchange: Pick<HttpExchange, 'isAborted' | 'onAbort'>,
    own?: OwnBudgets,
  ): Promise<SlotAnswer> {
    if (exchange.isAborted) return Promise.resolve('client-closed');
    const { of, send, nowMs } = this.#options;
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    const surrendered = this.#leases.surrender(user, server, own);
    this.#sendReturns();
    send({ kind: 'ticket', of, request: { ticket, user, server, surrendered, ...own } });
    return new Promise((answer) => {
      const untilMs = nowMs() + this.#maxWaitMs;
      this.#waiting.set(ticket, { own, untilMs, answer });
      exchange.onAbort(() => {
        this.#abandon(ticket, 'client-closed');
      });
    });
  }

  /** `within`: the second account, where the call had one. */
  put(user: string, server: string, within?: string): void {
    this.#leases.put(user, server, this.#options.nowMs(), within);
    this.#sendReturns();
  }

  onMessage(message: LedgerMessage): void {
    const nowMs = this.#options.nowMs();
    switch (message.kind) {
      case 'grant': {
        const waiting = this.#waiting.get(message.ticket);
        this.#waiting.delete(message.ticket);
        this.#leases.granted(message, waiting !== undefined, nowMs, waiting?.own);
        waiting?.answer('granted');
        break;
      }
      case 'refusal': {
        const waiting = this.#waiting.get(message.ticket);
        this.#waiting.delete(message.ticket);
        waiting?.answer(message.reason);
        break;
      }
      case 'close-idle':
        this.#closeIdle(message);
        return;
      case 'recall':
        this.#leases.recall(message, nowMs);
    }
    this.#sendReturns();
  }

  /** To be called every 125 ms: what was idle since the last time goes home. */
  sweep(): void {
    const nowMs = this.#options.nowMs();
    this.#leases.sweep(nowMs);
    this.#sendReturns();
    for (const [ticket, { untilMs }] of this.#waiting) {
      if (nowMs < untilMs) break; // Behind it only those with as much time, or a shorter one since a reload.
      this.#abandon(ticket, 'queue-timeout');
    }
  }

  /** For a worker that drains: others may use what it will not. */
  returnAllIdle(): void {
    this.#leases.returnAllIdle();
    this.#sendReturns();
  }

  inUse(server: string): number {
    return this.#leases.inUse('server', server);
  }

  idle(server: string): number {
    return this.#leases.idle('server', server);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Slots given back twice: 0 unless the caller is broken. */
  get excessPuts(): number {
    return this.#leases.excessPuts;
  }

  #closeIdle({ server, count }: CloseIdle): void {
    const { of, send, onCloseIdle } = this.#options;
    onCloseIdle?.(server, count);
    send({ kind: 'idle-closed', of, count });
  }

  #abandon(ticket: number, why: 'client-closed' | 'queue-timeout'): void {
    const waiting = this.#waiting.get(ticket);
    if (waiting === undefined) return;
    this.#waiting.delete(ticket);
    this.#options.send({ kind: 'cancel', of: this.#options.of, ticket });
    waiting.answer(why);
  }

  #sendReturns(): void {
    const { of, send } = this.#options;
    for (const slots of this.#leases.drainReturns()) send({ kind: 'returned', of, slots });
  }
}
