/**
 * The sums of everything that processes reported: lives in the primary and outlives every worker, so
 * counters never go back. Bounded: past `MAX_SERIES` a new label set is counted as lost, and past
 * `MAX_TOOLS` of one server further tools are counted as `other`; which ones have a series of their own
 * never changes, because a series that lost its count would look like a restart.
 */
import { LatencyHistogram } from './latency-histogram.js';
import { seriesOf, type MergedDelta } from './metric-delta.js';

export interface Series<Value> {
  readonly labels: readonly string[];
  readonly value: Value;
}

/** Over all families. A histogram takes 1.6 kB. */
const MAX_SERIES = 5000;
/** Of one server: those that were called first. */
export const MAX_TOOLS = 30;
export const OTHER_TOOL = 'other';

interface Family {
  readonly counters: Map<string, { readonly labels: readonly string[]; value: number }>;
  readonly histograms: Map<string, Series<LatencyHistogram>>;
}

export interface ToolLabel {
  /** Which labels of the family hold the server and the tool. */
  readonly server: number;
  readonly tool: number;
}

export class MetricTotals {
  readonly #families = new Map<string, Family>();
  readonly #toolLabels: ReadonlyMap<string, ToolLabel>;
  readonly #tools = new Map<string, Set<string>>();
  #size = 0;
  #lost = 0;

  /** `toolLabels`: by family, for those that have a tool among their labels. */
  constructor(toolLabels: ReadonlyMap<string, ToolLabel> = new Map()) {
    this.#toolLabels = toolLabels;
  }

  /** Label sets that found no room, counted each time. */
  get lost(): number {
    return this.#lost;
  }

  add(delta: MergedDelta): void {
    for (const { family, labels: all, numbers } of seriesOf(delta)) {
      const labels = this.#withBoundTool(family, all);
      if (numbers.length === 1) this.#addCounter(family, labels, numbers[0] ?? 0);
      else this.#addHistogram(family, labels, numbers);
    }
  }

  counters(family: string): readonly Series<number>[] {
    return [...(this.#families.get(family)?.counters.values() ?? [])];
  }

  histograms(family: string): readonly Series<LatencyHistogram>[] {
    return [...(this.#families.get(family)?.histograms.values() ?? [])];
  }

  #addCounter(family: string, labels: readonly string[], value: number): void {
    const { counters } = this.#family(family);
    const key = labels.join('\t');
    const known = counters.get(key);
    if (known !== undefined) known.value += value;
    else if (this.#hasRoom()) counters.set(key, { labels, value });
  }

  #addHistogram(family: string, labels: readonly string[], numbers: Float64Array): void {
    const { histograms } = this.#family(family);
    const key = labels.join('\t');
    let histogram = histograms.get(key)?.value;
    if (histogram === undefined) {
      if (!this.#hasRoom()) return;
      histogram = new LatencyHistogram();
      histograms.set(key, { labels, value: histogram });
    }
    histogram.addSum(numbers[0] ?? 0);
    for (let i = 1; i + 1 < numbers.length; i += 2) {
      histogram.addBucket(numbers[i] ?? 0, numbers[i + 1] ?? 0);
    }
  }

  #withBoundTool(family: string, labels: readonly string[]): readonly string[] {
    const at = this.#toolLabels.get(family);
    if (at === undefined) return labels;
    const server = labels[at.server] ?? '';
    const tool = labels[at.tool] ?? '';
    if (tool === '' || tool === OTHER_TOOL) return labels;
    let tools = this.#tools.get(server);
    if (tools === undefined) {
      tools = new Set();
      this.#tools.set(server, tools);
    }
    if (tools.size < MAX_TOOLS) tools.add(tool);
    return tools.has(tool) ? labels : labels.with(at.tool, OTHER_TOOL);
  }

  #family(name: string): Family {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { counters: new Map(), histograms: new Map() };
      this.#families.set(name, family);
    }
    return family;
  }

  #hasRoom(): boolean {
    if (this.#size >= MAX_SERIES) {
      this.#lost += 1;
      return false;
    }
    this.#size += 1;
    return true;
  }
}
