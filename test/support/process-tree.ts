/**
 * The processes below one process, as Linux shows them in /proc. A process is known by its pid and
 * start time together, because pids are used again.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { until } from './until.js';

export interface ProcessRef {
  readonly pid: number;
  /** Clock ticks since boot; /proc/<pid>/stat field 22. */
  readonly startedAtTicks: string;
  /** Arguments joined by spaces. */
  readonly command: string;
}

/** Undefined when there is no such process, or only its zombie. */
export function processRef(pid: number): ProcessRef | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; the fields after it are plain.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, startedAtTicks: fields[19] ?? '', command };
  } catch {
    return undefined; // Gone while we looked.
  }
}

export function isRunning(ref: ProcessRef): boolean {
  return processRef(ref.pid)?.startedAtTicks === ref.startedAtTicks;
}

function childPids(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter((child) => child !== '')
        .map(Number),
    );
  } catch {
    return [];
  }
}

/** Children first, then theirs. */
export function descendants(pid: number): ProcessRef[] {
  const found: ProcessRef[] = [];
  const queue = childPids(pid);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const ref = processRef(next);
    if (ref === undefined) continue;
    found.push(ref);
    queue.push(...childPids(next));
  }
  return found;
}

export function killAll(processes: readonly ProcessRef[]): void {
  for (const ref of processes) {
    if (!isRunning(ref)) continue;
    try {
      process.kill(ref.pid, 'SIGKILL');
    } catch {
      // Ended between the look and the signal.
    }
  }
}

/** Resolves when none of them runs; rejects with the commands of those that still do. */
export async function untilGone(
  processes: readonly ProcessRef[],
  timeoutMs: number,
): Promise<void> {
  await until(() => !processes.some(isRunning), {
    timeoutMs,
    what: `end of ${processes.map((ref) => `${ref.pid} (${ref.command})`).join(', ')}`,
  }).catch((error: unknown) => {
    const left = processes.filter(isRunning).map((ref) => `${ref.pid} ${ref.command}`);
    throw new Error(`still running: ${left.join('; ')}`, { cause: error });
  });
}
