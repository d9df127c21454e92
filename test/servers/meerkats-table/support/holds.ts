/**
 * Reports a property as one assertion. Inside a property use node:assert: it throws, and only what
 * throws can be shrunk. The message of a failure carries seed and path for a replay.
 */
import fc, { type IAsyncProperty, type IProperty, type Parameters } from 'fast-check';
import type { Test } from 'tap';

export function holds<T>(t: Test, property: IProperty<T>, parameters: Parameters<T> = {}): void {
  t.doesNotThrow(() => {
    fc.assert(property, parameters);
  });
}

export async function holdsAsync<T>(
  t: Test,
  property: IAsyncProperty<T>,
  parameters: Parameters<T> = {},
): Promise<void> {
  await t.resolves(fc.assert(property, parameters));
}
