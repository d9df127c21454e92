/** Adds up what workers report of admission; lives in the primary, so its counters only grow. */
import type { AdmissionDelta } from './admission-counts.js';
import { LatencyHistogram } from './latency-histogram.js';

/** That ever were: counters of a server that is gone stay, but not for ever more of them. */
const MAX_SERVERS = 5000;

export class AdmissionTotals {
  /** By policy. */
  readonly refused = new Map<string, number>();
  /** Second attempts, by server. */
  readonly retries = new Map<string, number>();
  /** Calls that could not even wait for a slot, by server. */
  readonly overflows = new Map<string, number>();
  /** Of calls that had to wait, by server. */
  readonly queueWait = new Map<string, LatencyHistogram>();
  admitted = 0;

  /** Null, from a worker of another build, adds nothing. */
  add(delta: AdmissionDelta | null): void {
    if (delta === null) return;
    this.admitted += delta.admitted;
    addAll(this.refused, delta.refused);
    addAll(this.retries, delta.retries);
    addAll(this.overflows, delta.overflows);
    for (const [server, snapshot] of Object.entries(delta.queueWaitMs)) {
      let waits = this.queueWait.get(server);
      if (waits === undefined) {
        if (this.queueWait.size >= MAX_SERVERS) continue;
        waits = new LatencyHistogram();
        this.queueWait.set(server, waits);
      }
      waits.add(snapshot);
    }
  }
}

function addAll(totals: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [key, count] of Object.entries(counts)) {
    if (totals.size < MAX_SERVERS || totals.has(key))
      totals.set(key, (totals.get(key) ?? 0) + count);
  }
}
