/**
 * What Linux says of a process in /proc/<pid>/stat (proc(5)), as far as it tells one process from a
 * later one with the same number. Elsewhere there is no /proc, and everything here answers null.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

export interface ProcStat {
  readonly pid: number;
  readonly processGroup: number;
  readonly session: number;
  /** Clock ticks from boot to its start; text, because it may grow beyond 2^53. */
  readonly startTicks: string;
}

/** Null when there is no such process. */
export function readProcStat(pid: number): ProcStat | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in parentheses and may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, , processGroup, session] = fields;
  const startTicks = fields[19];
  if (processGroup === undefined || session === undefined || startTicks === undefined) return null;
  return { pid, processGroup: Number(processGroup), session: Number(session), startTicks };
}

export function processesOfGroup(processGroup: number): ProcStat[] {
  return listPids()
    .map((pid) => readProcStat(pid))
    .filter((stat) => stat !== null)
    .filter((stat) => stat.processGroup === processGroup);
}

/**
 * Names this boot and this pid name space: start times and pids mean nothing beyond them (a container
 * that was made anew counts from 1 again). Null where there is no /proc.
 */
export function processEpoch(): string | null {
  const bootId = readText('/proc/sys/kernel/random/boot_id');
  if (bootId === null) return null;
  try {
    return `${bootId.trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null; // A hardened /proc: then nothing is recorded and nothing reaped.
  }
}

function listPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // No /proc here.
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // The process ended, or there is no /proc.
  }
}
