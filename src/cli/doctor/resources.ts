/**
 * Memory, CPUs and threads against what the configuration will start. In a container the cgroup's limits
 * count, which Node.js and the tools of the machine do not show.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import type { Config } from '../../../config/config.js';
import type { Patient } from './check.js';
import { fine, note, warning, type Finding } from './finding.js';

export interface ResourceReadings {
  /** The smaller of machine and cgroup. */
  readonly memoryBytes: number;
  readonly availableBytes: number;
  readonly isCgroupLimit: boolean;
  /** Of the cgroup, since it was made; null when unknown. */
  readonly outOfMemoryKills: number | null;
  readonly cpus: number;
  /** Whole CPUs the cgroup may use at a time; null = all. */
  readonly cpuQuota: number | null;
  readonly maxProcesses: number | null;
}

/** A worker idles at 90 MB and takes up to 150 MB more under 10,000 calls (perf). */
const BYTES_PER_PROCESS = 250 * 1024 * 1024;
const THREADS_PER_PROCESS = 20;

type Sized = Pick<Config, 'workers' | 'upstreamHosts' | 'uvThreadpoolSize'>;

export async function examineResources({ inspection }: Patient): Promise<readonly Finding[]> {
  return inspection === null ? [] : judgeResources(inspection.config, await readResources());
}

export function judgeResources(config: Sized, readings: ResourceReadings): readonly Finding[] {
  return [
    ...judgeMemory(config, readings),
    judgeCpus(config, readings),
    judgeThreads(config, readings),
  ];
}

function judgeMemory({ workers, upstreamHosts }: Sized, readings: ResourceReadings): Finding[] {
  const { memoryBytes, availableBytes, isCgroupLimit, outOfMemoryKills } = readings;
  const processes = workers + upstreamHosts + 1;
  const needed = processes * BYTES_PER_PROCESS;
  const message = `${mib(availableBytes)} of ${mib(memoryBytes)}${isCgroupLimit ? ' (cgroup)' : ''} available; ${processes} processes take up to ${mib(needed)}`;
  const fix = isCgroupLimit
    ? 'raise the memory limit of the container or unit, or lower global.workers'
    : 'lower global.workers, or use config/memory-constrained.json';
  const findings =
    memoryBytes < needed ? [warning('memory', message, fix)] : [fine('memory', message)];
  if (outOfMemoryKills !== null && outOfMemoryKills > 0) {
    const text = `the kernel killed ${outOfMemoryKills} processes of this cgroup for memory`;
    findings.push(warning('memory', text, fix));
  }
  return findings;
}

function judgeCpus({ workers }: Sized, { cpus, cpuQuota }: ResourceReadings): Finding {
  const usable = cpuQuota === null ? cpus : Math.min(cpus, cpuQuota);
  const quota = cpuQuota === null ? '' : `, a cgroup quota of ${cpuQuota}`;
  const message = `${workers} workers on ${cpus} CPUs${quota}`;
  if (workers > Math.max(1, Math.ceil(usable))) {
    const fix = `set global.workers to ${Math.max(1, Math.ceil(usable))}: more of them wait for each other`;
    return warning('cpus', message, fix);
  }
  return fine('cpus', message);
}

function judgeThreads(config: Sized, { cpus, maxProcesses }: ResourceReadings): Finding {
  const { workers, uvThreadpoolSize, upstreamHosts } = config;
  const threads = workers * uvThreadpoolSize;
  const message = `UV_THREADPOOL_SIZE ${uvThreadpoolSize} per process x ${workers} workers = ${threads} threads`;
  const all = (workers + upstreamHosts + 1) * (uvThreadpoolSize + THREADS_PER_PROCESS);
  if (maxProcesses !== null && maxProcesses < all) {
    const fix = `raise pids.max (systemd: TasksMax=${all * 2}; Docker: --pids-limit ${all * 2})`;
    return warning('threads', `${message}; the cgroup allows ${maxProcesses} in all`, fix);
  }
  if (uvThreadpoolSize > 4 && threads > cpus * 4) {
    return note(
      'threads',
      `${message}: more than 4 x ${cpus} CPUs rarely helps`,
      `UV_THREADPOOL_SIZE=${Math.max(4, Math.floor((cpus * 4) / workers))}`,
    );
  }
  return fine('threads', message);
}

function mib(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024))} MiB`;
}

async function readResources(): Promise<ResourceReadings> {
  const limit = await firstNumber([
    '/sys/fs/cgroup/memory.max',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes',
  ]);
  const used = await firstNumber([
    '/sys/fs/cgroup/memory.current',
    '/sys/fs/cgroup/memory/memory.usage_in_bytes',
  ]);
  const total = totalmem();
  const isCgroupLimit = limit !== null && limit < total;
  const memoryBytes = isCgroupLimit ? limit : total;
  const free = await availableMemory();
  const [quota, period] = await cpuQuota();
  const events = await readFile('/sys/fs/cgroup/memory.events', 'utf8').catch(() => '');
  const kills = /^oom_kill (\d+)$/m.exec(events)?.[1];
  return {
    memoryBytes,
    availableBytes: isCgroupLimit && used !== null ? Math.min(free, limit - used) : free,
    isCgroupLimit,
    outOfMemoryKills: kills === undefined ? null : Number(kills),
    cpus: availableParallelism(),
    cpuQuota: quota === null || period === null || quota <= 0 ? null : quota / period,
    maxProcesses: await firstNumber(['/sys/fs/cgroup/pids.max', '/sys/fs/cgroup/pids/pids.max']),
  };
}

async function cpuQuota(): Promise<readonly [number | null, number | null]> {
  const text = await readFile('/sys/fs/cgroup/cpu.max', 'utf8').catch(() => '');
  const [quota, period] = text.trim().split(' ').map(Number);
  if (quota !== undefined && period !== undefined && Number.isFinite(quota)) return [quota, period];
  return [
    await firstNumber(['/sys/fs/cgroup/cpu/cpu.cfs_quota_us']),
    await firstNumber(['/sys/fs/cgroup/cpu/cpu.cfs_period_us']),
  ];
}

async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? freemem() : Number(kib) * 1024;
}

/** Of the first file that exists; null for "max". */
async function firstNumber(paths: readonly string[]): Promise<number | null> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null) continue;
    const value = Number(text.trim());
    return Number.isFinite(value) ? value : null;
  }
  return null;
}
