/**
 * What a process counted since its last report, as one text: the primary hands it on to a thread
 * without looking into it, and both the channel (JSON) and the thread (structured clone) carry a text
 * more cheaply than the objects in it. One line a series:
 *
 *   family TAB value TAB label TAB label …        value: a number, or `h` with a histogram
 *
 * A histogram is its sum and the buckets that are not empty: `h12.5;7:1;40:3`.
 */
import type { LatencyHistogram } from './latency-histogram.js';

/** Merged reports: series in order, and their numbers one after the other. Crosses threads as it is. */
export interface MergedDelta {
  /** Family and labels, joined with tabs. */
  readonly series: readonly string[];
  /** Per series: how many numbers follow; 1: a counter; else a sum, then pairs of bucket and count. */
  readonly numbers: Float64Array;
}

export interface MergedSeries {
  readonly family: string;
  readonly labels: readonly string[];
  /** One number: a counter; else a sum, then pairs of bucket and count. */
  readonly numbers: Float64Array;
}

export function* seriesOf({ series, numbers }: MergedDelta): Generator<MergedSeries> {
  let at = 0;
  for (const name of series) {
    const length = numbers[at] ?? 0;
    const [family = '', ...labels] = name.split('\t');
    yield { family, labels, numbers: numbers.subarray(at + 1, at + 1 + length) };
    at += 1 + length;
  }
}

export class DeltaWriter {
  #text = '';

  counter(family: string, value: number, labels: readonly string[]): void {
    if (value !== 0) this.#line(family, String(value), labels);
  }

  /** Takes what the histogram holds; it starts anew. */
  histogram(family: string, histogram: LatencyHistogram, labels: readonly string[]): void {
    const { buckets, count, sumMs } = histogram.take();
    if (count === 0) return;
    let value = `h${sumMs}`;
    for (const [index, inBucket] of buckets) value += `;${index}:${inBucket}`;
    this.#line(family, value, labels);
  }

  /** Empty when nothing was written. */
  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #line(family: string, value: string, labels: readonly string[]): void {
    this.#text += `${family}\t${value}`;
    for (const label of labels) this.#text += `\t${plain(label)}`;
    this.#text += '\n';
  }
}

/** Names from outside may hold our separators. */
const CONTROL = /[\u0000-\u001f\u007f]/g;

function plain(label: string): string {
  return label.replace(CONTROL, '?');
}

interface Sums {
  value: number;
  /** Bucket → count; null for a counter. */
  readonly buckets: Map<number, number> | null;
}

/** Adds up reports, in whatever order they came. What is no line of a report is left out. */
export function mergeDeltas(reports: readonly string[]): MergedDelta {
  const all = new Map<string, Sums>();
  for (const report of reports) {
    for (const line of report.split('\n')) {
      const [family, value, ...labels] = line.split('\t');
      if (family === undefined || value === undefined) continue;
      addLine(all, [family, ...labels].join('\t'), value);
    }
  }
  return flat(all);
}

function addLine(all: Map<string, Sums>, key: string, value: string): void {
  const isHistogram = value.startsWith('h');
  const [first = '', ...pairs] = (isHistogram ? value.slice(1) : value).split(';');
  const added = Number(first);
  if (!Number.isFinite(added)) return;
  let sums = all.get(key);
  if (sums === undefined) {
    sums = { value: 0, buckets: isHistogram ? new Map() : null };
    all.set(key, sums);
  }
  const { buckets } = sums;
  if ((buckets !== null) !== isHistogram) return;
  sums.value += added;
  if (buckets === null) return;
  for (const pair of pairs) {
    const [index, count] = pair.split(':').map(Number);
    if (index === undefined || count === undefined || !(index >= 0 && count > 0)) continue;
    buckets.set(index, (buckets.get(index) ?? 0) + count);
  }
}

function flat(all: ReadonlyMap<string, Sums>): MergedDelta {
  let length = 0;
  for (const { buckets } of all.values()) length += 2 + 2 * (buckets?.size ?? 0);
  const numbers = new Float64Array(length);
  let at = 0;
  for (const { value, buckets } of all.values()) {
    numbers[at] = 1 + 2 * (buckets?.size ?? 0);
    numbers[at + 1] = value;
    at += 2;
    for (const [index, count] of buckets ?? []) {
      numbers[at] = index;
      numbers[at + 1] = count;
      at += 2;
    }
  }
  return { series: [...all.keys()], numbers };
}
