/** Counts the messages of a server that reached nobody, and says so in the log without flooding it. */
import type { DropReason, EndpointLog } from './endpoint-options.js';

/** After the first of a reason, one line for so many. Chosen. */
const LOG_EVERY = 1000;

export class DropCounter {
  readonly counts: Record<DropReason, number> = {
    'unknown-response': 0,
    unattributable: 0,
    malformed: 0,
    'server-request': 0,
  };
  readonly #log: EndpointLog;

  constructor(log: EndpointLog) {
    this.#log = log;
  }

  count(reason: DropReason, what: string): void {
    this.counts[reason] += 1;
    if (this.counts[reason] % LOG_EVERY !== 1) return;
    const fields = { reason, what, count: this.counts[reason] };
    this.#log.warn(fields, 'a message of the server was dropped');
  }
}
