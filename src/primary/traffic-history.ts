/**
 * The last ten minutes of traffic by server, in slots of five seconds, for the plots of the dashboard: a page that
 * is opened shows what led here, not only what follows. Fed by the workers' reports, as they are merged.
 */
import { LatencyHistogram } from '../telemetry/latency-histogram.js';
import { seriesOf, type MergedDelta } from '../telemetry/metric-delta.js';
import { isFault } from '../telemetry/request-fault.js';
import { OPERATION, REQUESTS } from '../telemetry/request-metrics.js';

export interface TrafficPoint {
  readonly requests: number;
  /** Answered 5xx, 503 apart. */
  readonly errors: number;
  /** Answered 429 or 503: limits and saturation. */
  readonly refused: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export interface TrafficSlot {
  /** Counts up by one a slot; what `since` is compared with. */
  readonly slot: number;
  /** How long ago it ended; 0 for the present one, which still grows. */
  readonly agoSeconds: number;
  /** Only servers that had requests; `''` is all of them together. */
  readonly servers: Readonly<Record<string, TrafficPoint>>;
}

export const SLOT_SECONDS = 5;
const SLOTS = 120;
const SLOT_MS = SLOT_SECONDS * 1000;
/** The name no server can have. */
const ALL = '';

interface Counts {
  requests: number;
  errors: number;
  refused: number;
  readonly totalMs: LatencyHistogram;
}

interface Slot {
  readonly slot: number;
  readonly open: Map<string, Counts>;
  /** Made when the slot is over, so that its histograms can go. */
  points: Readonly<Record<string, TrafficPoint>> | null;
}

/** Time comes in as monotonic milliseconds. */
export class TrafficHistory {
  readonly #slots: Slot[] = [];

  add(delta: MergedDelta, nowMs: number): void {
    const { open } = this.#present(nowMs);
    for (const { family, labels, numbers } of seriesOf(delta)) {
      if (family !== REQUESTS && family !== OPERATION) continue;
      for (const name of [labels[0] ?? '', ALL]) {
        const counts = open.get(name) ?? newCounts();
        open.set(name, counts);
        if (family === REQUESTS) count(counts, labels, numbers[0] ?? 0);
        else addBuckets(counts.totalMs, numbers);
      }
    }
  }

  /** Of all servers, over the last slot that is complete; 0 before there is one, and after a pause. */
  requestsPerSecond(nowMs: number): number {
    const present = this.#present(nowMs);
    const last = this.#slots.find(({ slot }) => slot === present.slot - 1);
    return (last?.points?.[ALL]?.requests ?? 0) / SLOT_SECONDS;
  }

  /** Slots from `slot` on, oldest first; the last one is the present. */
  since(slot: number, nowMs: number): readonly TrafficSlot[] {
    const present = this.#present(nowMs);
    return this.#slots
      .filter((each) => each.slot >= slot)
      .map((each) => ({
        slot: each.slot,
        agoSeconds: Math.max(0, present.slot - each.slot) * SLOT_SECONDS,
        servers: each.points ?? pointsOf(each.open),
      }));
  }

  /** Opens slots up to now; a machine that slept leaves a gap, not a hundred empty slots. */
  #present(nowMs: number): Slot {
    const slot = Math.floor(nowMs / SLOT_MS);
    const last = this.#slots.at(-1);
    if (last !== undefined && last.slot >= slot) return last;
    if (last !== undefined) {
      last.points = pointsOf(last.open);
      last.open.clear();
    }
    const present: Slot = { slot, open: new Map(), points: null };
    this.#slots.push(present);
    while (this.#slots.length > SLOTS || (this.#slots[0]?.slot ?? slot) <= slot - SLOTS) {
      this.#slots.shift();
    }
    return present;
  }
}

function newCounts(): Counts {
  return { requests: 0, errors: 0, refused: 0, totalMs: new LatencyHistogram() };
}

function count(counts: Counts, labels: readonly string[], number: number): void {
  const [, method = '', status = '', reason = ''] = labels;
  counts.requests += number;
  if (status === '429' || status === '503') counts.refused += number;
  else if (Number(status) >= 500 || isFault(method, status, reason)) counts.errors += number;
}

/** `numbers`: a sum, then pairs of bucket and count. */
function addBuckets(histogram: LatencyHistogram, numbers: Float64Array): void {
  for (let at = 1; at + 1 < numbers.length; at += 2) {
    histogram.addBucket(numbers[at] ?? 0, numbers[at + 1] ?? 0);
  }
}

function pointsOf(open: ReadonlyMap<string, Counts>): Readonly<Record<string, TrafficPoint>> {
  return Object.fromEntries(
    Array.from(open, ([name, { requests, errors, refused, totalMs }]) => [
      name,
      {
        requests,
        errors,
        refused,
        p50Ms: round(totalMs.quantileMs(0.5)),
        p95Ms: round(totalMs.quantileMs(0.95)),
        p99Ms: round(totalMs.quantileMs(0.99)),
      },
    ]),
  );
}

/** To a hundredth; a JSON document has no Infinity for the last bucket. */
function round(ms: number): number {
  return Number.isFinite(ms) ? Math.round(ms * 100) / 100 : Number.MAX_SAFE_INTEGER;
}
