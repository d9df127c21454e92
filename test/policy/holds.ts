import fc from 'fast-check';

interface Asserts {
  ok(value: unknown, message: string): boolean;
}

/** Runs a property as one assertion; a failure shows the seed and the smallest counterexample. */
export function holds<Values>(
  t: Asserts,
  property: fc.IRawProperty<Values>,
  parameters: fc.Parameters<Values> = {},
): void {
  const run = fc.check(property, parameters);
  if (run instanceof Promise) throw new TypeError('holds() takes synchronous properties');
  const thrown = run.errorInstance instanceof Error ? ` Thrown: ${run.errorInstance.message}` : '';
  const report = fc.defaultReportMessage(run) ?? `held for ${run.numRuns} runs`;
  t.ok(!run.failed, `${report}${thrown}`);
}
