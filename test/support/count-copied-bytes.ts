/** How many bytes `Buffer.prototype.copy` moves during `run`: quadratic buffering shows as a multiple. */
export function countCopiedBytes(run: () => void): number {
  const original = Object.getOwnPropertyDescriptor(Buffer.prototype, 'copy');
  if (original === undefined) throw new Error('Buffer has no copy');
  const copy = original.value as (...args: unknown[]) => number;
  let copied = 0;
  Object.defineProperty(Buffer.prototype, 'copy', {
    configurable: true,
    value(this: Buffer, ...args: unknown[]): number {
      const count = Reflect.apply(copy, this, args);
      copied += count;
      return count;
    },
  });
  try {
    run();
  } finally {
    Object.defineProperty(Buffer.prototype, 'copy', original);
  }
  return copied;
}
