/**
 * CPU time and memory of a process and all its descendants, from /proc: what a gateway costs is what its
 * primary, workers, hosts and threads cost together.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Sums every thread's time on a CPU (schedstat counts nanoseconds; stat only ticks of 10 ms). */
export function treeCpuMicros(rootPid: number): number {
  return [...treePids(rootPid)].reduce((sum, pid) => sum + processCpuMicros(pid), 0);
}

/** Resident memory without what is shared with files: what ending the tree would give back. */
export function treeRssBytes(rootPid: number): number {
  return [...treePids(rootPid)].reduce((sum, pid) => {
    const status = readOrEmpty(`/proc/${pid}/status`);
    return sum + Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
  }, 0);
}

function processCpuMicros(pid: number): number {
  let nanos = 0;
  for (const tid of listOrEmpty(`/proc/${pid}/task`)) {
    nanos += Number(readOrEmpty(`/proc/${pid}/task/${tid}/schedstat`).split(' ')[0] ?? 0);
  }
  return nanos / 1000;
}

/** The root and its descendants. */
export function treePids(rootPid: number): ReadonlySet<number> {
  const parents = new Map<number, number>();
  for (const name of listOrEmpty('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOrEmpty(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    parents.set(Number(name), parent);
  }
  const tree = new Set([rootPid]);
  for (let size = 0; size < tree.size;) {
    size = tree.size;
    for (const [pid, parent] of parents) if (tree.has(parent)) tree.add(pid);
  }
  return tree;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // The process ended meanwhile.
  }
}

function listOrEmpty(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
