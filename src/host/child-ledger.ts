/**
 * Remembers the children of a host on disk, because a host that is killed cannot end them: their stdin
 * closes then, which well-behaved servers obey, and the next host ends the rest. (PR_SET_PDEATHSIG
 * would do it in the kernel, but Node cannot set it.) One small file a child: written after the spawn,
 * removed at its exit, so a crash at any moment leaves whole files. A record is believed only if boot,
 * pid name space and the start time of the group's leader still agree; pids alone are used again.
 */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../kernel/make-folder.js';
import { processEpoch, processesOfGroup, readProcStat } from './proc-stat.js';

/** A child whose group outlived its host and was killed. */
export interface Leftover {
  readonly pid: number;
  readonly server: string;
  readonly processCount: number;
}

interface ChildRecord {
  readonly server: string;
  readonly startTicks: string;
  readonly epoch: string;
}

export class ChildLedger {
  readonly #folder: string;

  /** `folder` belongs to one host alone; it is made when missing (mode 0700). */
  constructor(folder: string) {
    this.#folder = folder;
    makeFolder(folder, 0o700);
  }

  add(pid: number, server: string): void {
    const stat = readProcStat(pid);
    const epoch = processEpoch();
    if (stat === null || epoch === null) return;
    const record: ChildRecord = { server, startTicks: stat.startTicks, epoch };
    writeFileSync(this.#path(String(pid)), JSON.stringify(record), { mode: 0o600 });
  }

  remove(pid: number): void {
    rmSync(this.#path(String(pid)), { force: true });
  }

  /** Kills the groups that a former host left behind; call before any child is started. */
  reap(): Leftover[] {
    const leftovers: Leftover[] = [];
    for (const name of readdirSync(this.#folder)) {
      const record = this.#read(name);
      const pid = Number(name);
      if (record !== null && Number.isSafeInteger(pid) && pid > 1) {
        const processCount = killGroup(pid, record);
        if (processCount > 0) leftovers.push({ pid, server: record.server, processCount });
      }
      rmSync(this.#path(name), { force: true });
    }
    return leftovers;
  }

  #read(name: string): ChildRecord | null {
    try {
      const record: unknown = JSON.parse(readFileSync(this.#path(name), 'utf8'));
      return isChildRecord(record) ? record : null;
    } catch {
      return null; // Half written when the machine went down; such a child is gone anyway.
    }
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

/** Kills the recorded group if it is still that group; returns how many processes it had. */
function killGroup(pid: number, record: ChildRecord): number {
  if (record.epoch !== processEpoch()) return 0;
  const leader = readProcStat(pid);
  if (leader !== null && leader.startTicks !== record.startTicks) return 0;
  // The kernel gives a number to no one while a group still carries it, so members without a leader
  // can only be the old group's; the session tells that we made it (setsid).
  const members = processesOfGroup(pid).filter(
    (member) => member.session === pid && BigInt(member.startTicks) >= BigInt(record.startTicks),
  );
  if (members.length === 0) return 0;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    return 0; // It ended between the look and the signal.
  }
  return members.length;
}

function isChildRecord(value: unknown): value is ChildRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { server, startTicks, epoch } = value as Partial<Record<keyof ChildRecord, unknown>>;
  return (
    typeof server === 'string' &&
    typeof startTicks === 'string' &&
    /^\d+$/.test(startTicks) &&
    typeof epoch === 'string'
  );
}
