/** A thread task that blocks its thread for ever. */
export default function stuck(): never {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}
