/**
 * What a measurement is made of: parts that can be run alone, each giving tables. A table says how it
 * was measured, since a figure without its method is worth nothing, and may name what to plot.
 */

/** Smaller loads for a look or a check in CI; the figures are noisier. */
export interface PartOptions {
  readonly isQuick: boolean;
  /** HTTP workers of the gateway and of nginx. */
  readonly workers: number;
}

export type Cell = string | number;

export interface Table {
  readonly title: string;
  /** One or two sentences: load, repetition, what the figure is. */
  readonly method: string;
  readonly columns: readonly string[];
  /** One cell for each column; the first names the row. Numbers are rounded when printed. */
  readonly rows: readonly (readonly Cell[])[];
  /** Column to draw as bars in the report. */
  readonly plot?: string;
}

export interface Part {
  readonly name: string;
  /** For `npm run perf -- --help`. */
  readonly about: string;
  run(options: PartOptions): Promise<readonly Table[]>;
}
