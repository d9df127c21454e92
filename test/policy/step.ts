import type fc from 'fast-check';

/** One command of a model-based test: acts on model and real thing, then `compare` throws if they differ. */
export class Step<Model extends object, Real> implements fc.Command<Model, Real> {
  readonly #name: string;
  readonly #act: (model: Model, real: Real) => void;
  readonly #compare: (model: Model, real: Real) => void;

  constructor(
    name: string,
    act: (model: Model, real: Real) => void,
    compare: (model: Model, real: Real) => void,
  ) {
    this.#name = name;
    this.#act = act;
    this.#compare = compare;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    this.#act(model, real);
    this.#compare(model, real);
  }

  toString(): string {
    return this.#name;
  }
}

export function expectSame(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}
