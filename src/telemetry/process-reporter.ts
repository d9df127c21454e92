/**
 * Adds the process's own metrics to every tenth or so of its reports. Reading them is asynchronous, so
 * what is sent was read after the report before.
 */
import {
  PROCESS_METRICS_INTERVAL_MS,
  ProcessMetrics,
  type ProcessFamily,
} from './process-metrics.js';

export class ProcessReporter {
  readonly #metrics = new ProcessMetrics();
  #read: readonly ProcessFamily[] | null = null;
  #dueAtMs = -Infinity;

  /** To be spread into a report: empty unless a reading is ready. */
  takeDue(nowMs: number): { readonly process?: readonly ProcessFamily[] } {
    const families = this.#read;
    this.#read = null;
    if (nowMs >= this.#dueAtMs) {
      this.#dueAtMs = nowMs + PROCESS_METRICS_INTERVAL_MS;
      // A file of /proc that cannot be read leaves the primary with what it knew.
      this.#metrics.read().then(
        (read) => {
          this.#read = read;
        },
        () => undefined,
      );
    }
    return families === null ? {} : { process: families };
  }
}
