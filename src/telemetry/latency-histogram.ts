/**
 * A log-linear histogram of milliseconds in a typed array: eight buckets per doubling, from 1/16 ms to
 * about 18 minutes, so a percentile is read to within 9 %. Recording is two array writes.
 */

const LOWEST_MS = 1 / 16;
const STEPS_PER_DOUBLING = 8;
const DOUBLINGS = 24;
export const BUCKET_COUNT = STEPS_PER_DOUBLING * DOUBLINGS + 1;

/** Upper bound of a bucket in milliseconds; the last one is unbounded. */
export function bucketUpperMs(index: number): number {
  if (index >= BUCKET_COUNT - 1) return Infinity;
  return LOWEST_MS * 2 ** (index / STEPS_PER_DOUBLING);
}

function bucketIndex(durationMs: number): number {
  if (durationMs <= LOWEST_MS) return 0;
  const index = Math.ceil(Math.log2(durationMs / LOWEST_MS) * STEPS_PER_DOUBLING - 1e-9);
  return Math.min(index, BUCKET_COUNT - 1);
}

/** Only the buckets that are not empty: `[index, count]` pairs, and the sum. JSON-serialisable. */
export interface HistogramSnapshot {
  readonly buckets: readonly (readonly [number, number])[];
  readonly count: number;
  readonly sumMs: number;
}

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKET_COUNT);
  #count = 0;
  #sumMs = 0;

  record(durationMs: number): void {
    const index = bucketIndex(durationMs);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += durationMs;
  }

  add(snapshot: HistogramSnapshot): void {
    for (const [index, count] of snapshot.buckets) {
      this.#counts[index] = (this.#counts[index] ?? 0) + count;
    }
    this.#count += snapshot.count;
    this.#sumMs += snapshot.sumMs;
  }

  /** Counts `count` durations of one bucket; their sum is added apart. */
  addBucket(index: number, count: number): void {
    if (index >= BUCKET_COUNT) return;
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
    this.#count += count;
  }

  addSum(sumMs: number): void {
    this.#sumMs += sumMs;
  }

  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  /** What was recorded since the last take; starts anew. */
  take(): HistogramSnapshot {
    const snapshot = this.snapshot();
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumMs = 0;
    return snapshot;
  }

  snapshot(): HistogramSnapshot {
    const buckets: [number, number][] = [];
    for (let index = 0; index < BUCKET_COUNT; index += 1) {
      const count = this.#counts[index] ?? 0;
      if (count > 0) buckets.push([index, count]);
    }
    return { buckets, count: this.#count, sumMs: this.#sumMs };
  }

  /** Upper bound of the bucket that holds the quantile (0..1); 0 when nothing was recorded. */
  quantileMs(quantile: number): number {
    const rank = Math.ceil(this.#count * quantile);
    let seen = 0;
    for (let index = 0; index < BUCKET_COUNT && rank > 0; index += 1) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank) return bucketUpperMs(index);
    }
    return 0;
  }

  /**
   * How many were at most each of `bounds` bounds, the first of which is bucket `first`'s and each
   * further one a doubling later. One pass, and exact.
   */
  atMost(first: number, bounds: number): readonly number[] {
    const counts: number[] = [];
    let seen = 0;
    for (let index = 0; counts.length < bounds && index < BUCKET_COUNT; index += 1) {
      seen += this.#counts[index] ?? 0;
      if (index >= first && (index - first) % STEPS_PER_DOUBLING === 0) counts.push(seen);
    }
    return counts;
  }
}
