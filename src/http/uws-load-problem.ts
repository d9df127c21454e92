/**
 * Why uWebSockets.js did not load, as one line for the start banner: its own message names the Node.js
 * versions it knows and hides the cause, a missing binary or C library, in the loader's error below.
 */
export function uwsLoadProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const missing = /'\.\/(uws_[^']+\.node)'/.exec(message)?.[1];
  if (missing !== undefined) return `it has no ${missing} (this platform and Node.js version)`;
  return /^Error: (.+)$/m.exec(message)?.[1] ?? message.split('\n', 1)[0] ?? '';
}
