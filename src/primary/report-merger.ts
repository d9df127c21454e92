/**
 * Brings what workers report into the totals: reports are collected for a moment, merged in a thread, off
 * the primary's loop, and added. Should the thread fail, the same batch is merged here, so that no count
 * is lost and none is added twice.
 */
import { mergeDeltas, type MergedDelta } from '../telemetry/metric-delta.js';
import type { MetricTotals } from '../telemetry/metric-totals.js';

export interface ReportMergerOptions {
  readonly totals: MetricTotals;
  readonly mergeInThread: (reports: readonly string[]) => Promise<MergedDelta>;
  /** Called after the totals have it. */
  readonly onMerged: (delta: MergedDelta) => void;
  readonly onThreadError: (error: unknown) => void;
}

/** Workers report once a second, each at its own moment: two or three batches a second. */
const COLLECT_MS = 400;

export class ReportMerger {
  readonly #options: ReportMergerOptions;
  #reports: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #merging: Promise<void> = Promise.resolve();

  constructor(options: ReportMergerOptions) {
    this.#options = options;
  }

  /** One worker's report; empty ones cost nothing. */
  add(report: string): void {
    if (report === '') return;
    this.#reports.push(report);
    this.#timer ??= setTimeout(() => void this.flush(), COLLECT_MS);
  }

  /** Resolves when everything added before is in the totals. Never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const reports = this.#reports;
    this.#reports = [];
    if (reports.length > 0) this.#merging = this.#merging.then(() => this.#merge(reports));
    return this.#merging;
  }

  async #merge(reports: readonly string[]): Promise<void> {
    const { totals, mergeInThread, onMerged, onThreadError } = this.#options;
    let merged: MergedDelta;
    try {
      merged = await mergeInThread(reports);
    } catch (thrown) {
      onThreadError(thrown);
      merged = mergeDeltas(reports);
    }
    totals.add(merged);
    onMerged(merged);
  }
}
