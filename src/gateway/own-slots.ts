/**
 * Slots for what the gateway itself asks of servers: health checks, and the probes of an open circuit.
 * They reach the server as calls do, so the limits hold for them too; they count for no user.
 */
import type { HttpExchange } from './exchange.js';
import type { SlotTickets } from './slot-tickets.js';

type Patience = Pick<HttpExchange, 'isAborted' | 'onAbort'>;

/** No user has an empty name. */
const NOBODY = '';
const ENDLESS_PATIENCE: Patience = { isAborted: false, onAbort: () => undefined };

export class OwnSlots {
  readonly #calls: SlotTickets;

  constructor(calls: SlotTickets) {
    this.#calls = calls;
  }

  /**
   * Runs something that reaches the server within a slot of its own. Null without having run when none
   * is free within `maxWaitMs`.
   */
  async within<Result>(
    server: string,
    maxWaitMs: number,
    run: () => Promise<Result>,
  ): Promise<Result | null> {
    let timer: NodeJS.Timeout | undefined;
    const patience: Patience = {
      isAborted: false,
      onAbort: (giveUp) => {
        timer = setTimeout(giveUp, maxWaitMs);
      },
    };
    return this.#run(server, patience, run).finally(() => {
      clearTimeout(timer);
    });
  }

  /** Whether the probe succeeded; not without a slot within the queue's time. */
  async probe(server: string, run: () => Promise<boolean>): Promise<boolean> {
    return (await this.#run(server, ENDLESS_PATIENCE, run)) ?? false;
  }

  async #run<Result>(
    server: string,
    patience: Patience,
    run: () => Promise<Result>,
  ): Promise<Result | null> {
    const isHeld =
      this.#calls.take(NOBODY, server) ||
      (await this.#calls.wait(NOBODY, server, patience)) === 'granted';
    if (!isHeld) return null;
    try {
      return await run();
    } finally {
      this.#calls.put(NOBODY, server);
    }
  }
}
