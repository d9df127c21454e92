/** This process without a free file descriptor, as a gateway with too low a limit gets under load. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** Enough for a test, and soon taken. */
const LIMIT = 512;

/** Gives them back. Null where the limit cannot be lowered. */
export function takeAllFiles(): (() => void) | null {
  try {
    setFileLimit(process.pid, LIMIT);
  } catch {
    return null;
  }
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    // EMFILE: that is the point.
  }
  return () => {
    for (const file of taken) closeSync(file);
  };
}

/** The soft limit of a running process; what it holds already stays open. */
export function setFileLimit(pid: number, limit: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`], { stdio: 'ignore' });
}

export const NO_PRLIMIT = 'lowering the limit of open files needs prlimit (util-linux)';
