/**
 * How the requests of the last while went, by server, and what rate limits refused: the workers' reports
 * once more, over a rolling window, for the alerts. Faults are what the gateway or a server did wrong
 * (request-fault.ts); refusals (429, 503) have alerts of their own.
 */
import { WindowCounts } from '../policy/window-counts.js';
import type { AdmissionDelta } from './admission-counts.js';
import { bucketUpperMs } from './latency-histogram.js';
import { seriesOf, type MergedDelta } from './metric-delta.js';
import { isFault } from './request-fault.js';
import { OPERATION, REQUESTS } from './request-metrics.js';

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

const UNSLOTTED = new Set(['GW_SHED', 'GW_QUEUE_TIMEOUT', 'GW_BULKHEAD_FULL']);

export interface RecentTrafficOptions {
  readonly windowMs: number;
  /** Requests that took longer count as slow. */
  readonly slowMs: number;
}

export class RecentTraffic {
  #windowMs: number;
  #slowMs: number;
  readonly #servers: WindowCounts;
  readonly #refusals: WindowCounts;
  readonly #policies = new Set<string>();

  constructor(options: RecentTrafficOptions) {
    this.#windowMs = options.windowMs;
    this.#slowMs = options.slowMs;
    this.#servers = new WindowCounts(options.windowMs);
    this.#refusals = new WindowCounts(options.windowMs);
  }

  /** From now on; what was counted before stays counted. */
  configure(nowMs: number, { windowMs, slowMs }: RecentTrafficOptions): void {
    this.#slowMs = slowMs;
    if (windowMs === this.#windowMs) return;
    this.#windowMs = windowMs;
    this.#servers.setWindow(nowMs, windowMs);
    this.#refusals.setWindow(nowMs, windowMs);
  }

  /** What workers reported of requests. */
  addRequests(nowMs: number, delta: MergedDelta): void {
    for (const { family, labels, numbers } of seriesOf(delta)) {
      const [server = ''] = labels;
      const count = (what: Count, number: number): void => {
        if (number > 0) this.#servers.add(nowMs, `${server} ${what}`, number);
      };
      if (family === REQUESTS) {
        const [, method = '', status = '', reason = ''] = labels;
        const [number = 0] = numbers;
        count('requests', number);
        if (isFault(method, status, reason)) count('faults', number);
        if (UNSLOTTED.has(reason)) count('unslotted', number);
      } else if (family === OPERATION) {
        const { timed, slower } = countSlower(numbers, this.#slowMs);
        count('timed', timed);
        count('slow', slower);
      }
    }
  }

  /** A worker's report. Null, from a worker of another build, adds nothing. */
  addAdmission(nowMs: number, admission: AdmissionDelta | null): void {
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
function countSlower(numbers: Float64Array, limitMs: number) {
  let timed = 0;
  let slower = 0;
  for (let i = 1; i + 1 < numbers.length; i += 2) {
    const index = numbers[i] ?? 0;
    const count = numbers[i + 1] ?? 0;
    timed += count;
    const lowerMs = index === 0 ? 0 : bucketUpperMs(index - 1);
    if (lowerMs >= limitMs) slower += count;
  }
  return { timed, slower };
}
