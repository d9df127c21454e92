/**
 * When the ledger calls slots back, and which keys are brokered for it (the soft state told in
 * lease-ledger.ts): a key is recalled at most twice in a brokered period, so that the period does
 * not lapse while a repetition is late.
 */
import type { ServerBook, Ticket, UserBook, WorkerBook } from './lease-books.js';
import type { Grant, Incarnation, Recall } from './lease-messages.js';

export class LeaseRecalls {
  readonly brokerMs: number;
  readonly #workers: ReadonlyMap<Incarnation, WorkerBook>;
  readonly #send: (recall: Recall) => void;
  #totalRecalledAtMs = -Infinity;

  /** `workers` is the ledger's own table, read at each recall. */
  constructor(
    brokerMs: number,
    workers: ReadonlyMap<Incarnation, WorkerBook>,
    send: (recall: Recall) => void,
  ) {
    this.brokerMs = brokerMs;
    this.#workers = workers;
    this.#send = send;
  }

  server(server: ServerBook, nowMs: number): void {
    if (!this.#isDue(server.recalledAtMs, nowMs)) return;
    server.recalledAtMs = nowMs;
    for (const worker of this.#workers.values()) {
      if (worker.server.has(server.name)) this.#recall(worker, 'server', server.name);
    }
  }

  user(user: UserBook, nowMs: number): void {
    if (!this.#isDue(user.recalledAtMs, nowMs)) return;
    user.recalledAtMs = nowMs;
    for (const worker of this.#workers.values()) {
      if (worker.user.has(user.name)) this.#recall(worker, 'user', user.name);
    }
  }

  total(nowMs: number): void {
    if (!this.#isDue(this.#totalRecalledAtMs, nowMs)) return;
    this.#totalRecalledAtMs = nowMs;
    for (const worker of this.#workers.values()) {
      if (worker.server.size > 0) this.#recall(worker, 'total', '');
    }
  }

  /** Which halves of a grant made now the worker must not keep. */
  brokered({ server, user, within }: Ticket, nowMs: number): Grant['brokered'] {
    const ofServer = nowMs - Math.max(server.recalledAtMs, this.#totalRecalledAtMs) < this.brokerMs;
    const userRecalledAtMs = Math.max(user.recalledAtMs, within?.recalledAtMs ?? -Infinity);
    const ofUser = nowMs - userRecalledAtMs < this.brokerMs;
    if (ofServer) return ofUser ? 'both' : 'server';
    return ofUser ? 'user' : 'none';
  }

  #isDue(recalledAtMs: number, nowMs: number): boolean {
    return nowMs - recalledAtMs >= this.brokerMs / 2;
  }

  #recall(worker: WorkerBook, scope: Recall['scope'], key: string): void {
    this.#send({ kind: 'recall', to: worker.incarnation, scope, key, brokerMs: this.brokerMs });
  }
}
