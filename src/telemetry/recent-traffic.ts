/**
 * How the requests of the last while went, by server, and what rate limits refused: the workers' reports
 * once more, over a rolling window, for the alerts. Faults are what the gateway or a server did wrong
 * (500, 502, 504); refusals (429, 503) have alerts of their own.
 */
import { WindowCounts } from '../policy/window-counts.js';
import type { AdmissionDelta } from './admission-counts.js';
import { bucketUpperMs, type HistogramSnapshot } from './latency-histogram.js';
import type { MetricsDelta } from './request-metrics.js';

export interface ServerTraffic {
  readonly requests: number;
  readonly faults: number;
  /** Took longer than `slowMs`, of the `timed` ones. */
  readonly slow: number;
  readonly timed: number;
  /** Found no slot, or not in time. */
  readonly unslotted: number;
}

type Count = keyof ServerTraffic;

const FAULTS = new Set(['500', '502', '504']);
const UNSLOTTED = new Set(['GW_SHED', 'GW_QUEUE_TIMEOUT', 'GW_BULKHEAD_FULL']);

export class RecentTraffic {
  readonly #slowMs: number;
  readonly #servers: WindowCounts;
  readonly #refusals: WindowCounts;
  readonly #policies = new Set<string>();

  constructor(options: { readonly windowMs: number; readonly slowMs: number }) {
    this.#slowMs = options.slowMs;
    this.#servers = new WindowCounts(options.windowMs);
    this.#refusals = new WindowCounts(options.windowMs);
  }

  /** A worker's report. Null, from a worker of another build, adds nothing. */
  add(nowMs: number, delta: MetricsDelta | null, admission: AdmissionDelta | null): void {
    for (const [server, { requests, totalMs }] of Object.entries(delta ?? {})) {
      const count = (what: Count, number: number): void => {
        if (number > 0) this.#servers.add(nowMs, `${server} ${what}`, number);
      };
      for (const [key, number] of Object.entries(requests)) {
        const [, status = '', reason = ''] = key.split(' ');
        count('requests', number);
        if (FAULTS.has(status)) count('faults', number);
        if (UNSLOTTED.has(reason)) count('unslotted', number);
      }
      count('timed', totalMs.count);
      count('slow', countSlower(totalMs, this.#slowMs));
    }
    for (const [policy, number] of Object.entries(admission?.refused ?? {})) {
      this.#policies.add(policy);
      this.#refusals.add(nowMs, policy, number);
    }
  }

  of(nowMs: number, server: string): ServerTraffic {
    const sum = (what: Count): number => this.#servers.sum(nowMs, `${server} ${what}`);
    return {
      requests: sum('requests'),
      faults: sum('faults'),
      slow: sum('slow'),
      timed: sum('timed'),
      unslotted: sum('unslotted'),
    };
  }

  /** Refusals by policy; every policy that ever refused. */
  refusals(nowMs: number): readonly (readonly [policy: string, refused: number])[] {
    return Array.from(this.#policies, (policy) => [policy, this.#refusals.sum(nowMs, policy)]);
  }
}

/** Only buckets that lie wholly above the limit: exact to the 9 % of a bucket's width. */
function countSlower({ buckets }: HistogramSnapshot, limitMs: number): number {
  let slower = 0;
  for (const [index, count] of buckets) {
    const lowerMs = index === 0 ? 0 : bucketUpperMs(index - 1);
    if (lowerMs >= limitMs) slower += count;
  }
  return slower;
}
