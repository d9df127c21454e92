/**
 * What a container or a service manager allows this process, and what it has used of it: in a cgroup
 * with 512 MB and half a CPU the machine's own readings say nothing of how near the end is.
 * Both versions: v2 has one tree, v1 one per controller. The tightest limit between the process's own
 * cgroup and the root counts. Source: kernel docs, admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CgroupReading {
  /** Null: no limit. Page cache that the kernel gives back at once is not counted as used. */
  readonly memory: { readonly usedBytes: number; readonly limitBytes: number } | null;
  /** Null: no limit. `usedMs`: CPU time since the cgroup exists, over all cores. */
  readonly cpu: { readonly limitCores: number; readonly usedMs: number } | null;
}

interface MemoryFiles {
  readonly limit: string;
  readonly used: string;
  readonly stat: string;
  /** Member of `stat`. */
  readonly reclaimable: string;
}

interface Limits {
  readonly memory: { readonly limitBytes: number; readonly files: MemoryFiles } | null;
  readonly cpu: { readonly limitCores: number; readonly usedMs: () => Promise<number> } | null;
}

/** v1 says "unlimited" with about 2^63. */
const UNLIMITED_BYTES = 2 ** 60;
const MAX_DEPTH = 16;

export class CgroupLimits {
  readonly #root: string;
  readonly #membership: string;
  #limits: Limits = { memory: null, cpu: null };

  constructor(root = '/sys/fs/cgroup', membership = '/proc/self/cgroup') {
    this.#root = root;
    this.#membership = membership;
  }

  /** Looks for the limits anew; they seldom change. Never rejects: what cannot be read is no limit. */
  async find(): Promise<void> {
    const paths = pathsOf(await text(this.#membership));
    this.#limits = { memory: await this.#memory(paths), cpu: await this.#cpu(paths) };
  }

  /** What is used of the limits that were found. Never rejects. */
  async read(): Promise<CgroupReading> {
    const { memory, cpu } = this.#limits;
    return {
      memory:
        memory === null
          ? null
          : { limitBytes: memory.limitBytes, usedBytes: await usedBytes(memory.files) },
      cpu: cpu === null ? null : { limitCores: cpu.limitCores, usedMs: await cpu.usedMs() },
    };
  }

  async #memory(paths: ReadonlyMap<string, string>): Promise<Limits['memory']> {
    let tightest: Limits['memory'] = null;
    const candidates = [
      ...directories(this.#root, paths.get('')).map((dir) => memoryFiles(dir, 2)),
      ...directories(join(this.#root, 'memory'), paths.get('memory')).map((dir) =>
        memoryFiles(dir, 1),
      ),
    ];
    for (const files of candidates) {
      const limitBytes = Number.parseInt(await text(files.limit), 10);
      if (!(limitBytes > 0 && limitBytes < UNLIMITED_BYTES)) continue;
      if (tightest === null || limitBytes < tightest.limitBytes) tightest = { limitBytes, files };
    }
    return tightest;
  }

  async #cpu(paths: ReadonlyMap<string, string>): Promise<Limits['cpu']> {
    let tightest: Limits['cpu'] = null;
    const keep = (quota: number, period: number, usedMs: () => Promise<number>): void => {
      const limitCores = quota / period;
      if (!(limitCores > 0) || limitCores >= (tightest?.limitCores ?? Infinity)) return;
      tightest = { limitCores, usedMs };
    };
    for (const dir of directories(this.#root, paths.get(''))) {
      const [quota = '', period = ''] = (await text(join(dir, 'cpu.max'))).split(' ');
      keep(Number(quota), Number(period), async () => {
        return member(await text(join(dir, 'cpu.stat')), 'usage_usec') / 1000;
      });
    }
    for (const dir of directories(join(this.#root, 'cpu'), paths.get('cpu'))) {
      const quota = Number(await text(join(dir, 'cpu.cfs_quota_us')));
      const usage = dir.replace(join(this.#root, 'cpu'), join(this.#root, 'cpuacct'));
      keep(quota, Number(await text(join(dir, 'cpu.cfs_period_us'))), async () => {
        return Number(await text(join(usage, 'cpuacct.usage'))) / 1e6;
      });
    }
    return tightest;
  }
}

/** Controller → path; '' is the one of v2. */
function pathsOf(membership: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  return paths;
}

/** From the process's own to the root. In a container the path may be the host's: the root is ours then. */
function directories(root: string, path: string | undefined): readonly string[] {
  if (path === undefined) return [];
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: Math.min(parts.length, MAX_DEPTH) + 1 }, (_, up) =>
    join(root, ...parts.slice(0, parts.length - up)),
  );
}

function memoryFiles(dir: string, version: 1 | 2): MemoryFiles {
  const file = (name: string): string => join(dir, name);
  return version === 2
    ? {
        limit: file('memory.max'),
        used: file('memory.current'),
        stat: file('memory.stat'),
        reclaimable: 'inactive_file',
      }
    : {
        limit: file('memory.limit_in_bytes'),
        used: file('memory.usage_in_bytes'),
        stat: file('memory.stat'),
        reclaimable: 'total_inactive_file',
      };
}

async function usedBytes({ used, stat, reclaimable }: MemoryFiles): Promise<number> {
  const [usage, details] = await Promise.all([text(used), text(stat)]);
  return Math.max(0, Number(usage) - member(details, reclaimable));
}

/** 0 where it is not there. */
function member(stat: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
}

/** Empty where it cannot be read: most machines have one version only. */
async function text(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return '';
  }
}
