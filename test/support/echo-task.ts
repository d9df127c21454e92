/** A thread task that gives back what it gets, and fails on negative numbers. */
export default function echo(value: number): number {
  if (value < 0) throw new Error('negative');
  return value;
}
