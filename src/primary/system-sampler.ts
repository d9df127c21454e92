/**
 * Samples the machine in the primary, once for `/health`, metrics, alerts and the adaptive rates. Cheap
 * readings (CPU, memory, load) twice a second, slow ones (disks, cgroup limits) once a minute; all of
 * them asynchronous, so the primary's loop is free meanwhile. Where a cgroup limits this process, its
 * share of the limit counts instead of the machine's, because that is what ends first.
 */
import { statfs } from 'node:fs/promises';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import { mem } from 'systeminformation';
import { monotonicMs, wallDate } from '../kernel/clock.js';
import { CgroupLimits, type CgroupReading } from './cgroup-limits.js';
import { MachineCpu } from './machine-cpu.js';

export interface SystemSample {
  readonly cpu: {
    /** 0..100, of the cgroup's limit where there is one, else of all cores. */
    readonly usedPercent: number;
    readonly cores: number;
    /** Cores the cgroup allows; null = all. */
    readonly limitCores: number | null;
    /** Of the last 1, 5 and 15 minutes. */
    readonly loadAverage: readonly number[];
  };
  readonly memory: {
    /** 0..100, of the cgroup's limit where there is one, else of the machine; caches count as free. */
    readonly usedPercent: number;
    readonly usedBytes: number;
    readonly limitBytes: number;
    readonly limitedBy: 'machine' | 'cgroup';
  };
  /** Of the file systems that hold data and logs. */
  readonly disks: readonly DiskSample[];
  /** ISO 8601. */
  readonly sampledAt: string;
}

export interface DiskSample {
  readonly of: string;
  readonly path: string;
  readonly usedPercent: number;
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

export interface SystemSamplerOptions {
  /** What lies where: `{ data: '/var/lib/multi-mcp' }`. Absolute paths of existing directories. */
  readonly directories: Readonly<Record<string, string>>;
  readonly cgroup?: CgroupLimits;
  /** Replaced in tests. */
  readonly readings?: MachineReadings;
  readonly onError: (error: unknown) => void;
}

export interface MachineReadings {
  /** Since the call before, 0..100. */
  cpuPercent(): Promise<number>;
  memory(): Promise<{ readonly totalBytes: number; readonly availableBytes: number }>;
}

const FAST_MS = 500;
const SLOW_MS = 60_000;

export class SystemSampler {
  readonly #options: SystemSamplerOptions;
  readonly #cgroup: CgroupLimits;
  readonly #readings: MachineReadings;
  #sample: SystemSample | null = null;
  #disks: readonly DiskSample[] = [];
  #cpuBefore: { readonly usedMs: number; readonly atMs: number } | null = null;
  #isSampling = false;
  #isLookingAround = false;
  #hasFailed = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: SystemSamplerOptions) {
    this.#options = options;
    this.#cgroup = options.cgroup ?? new CgroupLimits();
    this.#readings = options.readings ?? machineReadings();
  }

  /** The last sample; null before the first is complete, within a second of `start`. */
  latest(): SystemSample | null {
    return this.#sample;
  }

  start(): void {
    void this.lookAround().then(() => this.sample());
    this.#timers = [
      setInterval(() => void this.sample(), FAST_MS),
      setInterval(() => void this.lookAround(), SLOW_MS),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** The cheap readings. Never rejects; one at a time. */
  async sample(): Promise<void> {
    if (this.#isSampling) return;
    this.#isSampling = true;
    try {
      const [cpuPercent, memory, cgroup] = await Promise.all([
        this.#readings.cpuPercent(),
        this.#readings.memory(),
        this.#cgroup.read(),
      ]);
      this.#sample = {
        cpu: this.#cpu(cpuPercent, cgroup.cpu),
        memory: memorySample(memory, cgroup.memory),
        disks: this.#disks,
        sampledAt: wallDate().toISOString(),
      };
      this.#hasFailed = false;
    } catch (thrown) {
      // Said once, not twice a second; the last sample and its time stay.
      if (!this.#hasFailed) this.#options.onError(thrown);
      this.#hasFailed = true;
    } finally {
      this.#isSampling = false;
    }
  }

  /** The slow readings. Never rejects; one at a time, so that a dead network disk holds one thread. */
  async lookAround(): Promise<void> {
    if (this.#isLookingAround) return;
    this.#isLookingAround = true;
    await this.#cgroup.find();
    const disks: DiskSample[] = [];
    for (const [of, path] of Object.entries(this.#options.directories)) {
      const disk = await diskSample(of, path);
      if (disk !== null) disks.push(disk);
    }
    this.#disks = disks;
    this.#isLookingAround = false;
  }

  #cpu(machinePercent: number, cgroup: CgroupReading['cpu']): SystemSample['cpu'] {
    const before = this.#cpuBefore;
    const nowMs = monotonicMs();
    this.#cpuBefore = cgroup === null ? null : { usedMs: cgroup.usedMs, atMs: nowMs };
    const facts = { cores: availableParallelism(), limitCores: null, loadAverage: loadavg() };
    if (cgroup === null) return { ...facts, usedPercent: percent(machinePercent / 100) };
    const { limitCores, usedMs } = cgroup;
    const ratio =
      before === null || nowMs <= before.atMs
        ? 0
        : (usedMs - before.usedMs) / (nowMs - before.atMs) / limitCores;
    return { ...facts, limitCores, usedPercent: percent(ratio) };
  }
}

function machineReadings(): MachineReadings {
  const cpu = new MachineCpu();
  return {
    cpuPercent: () => cpu.percent(),
    memory: async () => {
      const { total, available } = await mem();
      return { totalBytes: total, availableBytes: available };
    },
  };
}

function memorySample(
  { totalBytes, availableBytes }: Awaited<ReturnType<MachineReadings['memory']>>,
  cgroup: CgroupReading['memory'],
): SystemSample['memory'] {
  const machineBytes = totalBytes > 0 ? totalBytes : totalmem();
  // A limit above what the machine has limits nothing.
  if (cgroup !== null && cgroup.limitBytes < machineBytes) {
    const { usedBytes, limitBytes } = cgroup;
    return {
      usedPercent: percent(usedBytes / limitBytes),
      usedBytes,
      limitBytes,
      limitedBy: 'cgroup',
    };
  }
  const usedBytes = machineBytes - availableBytes;
  const usedPercent = percent(usedBytes / machineBytes);
  return { usedPercent, usedBytes, limitBytes: machineBytes, limitedBy: 'machine' };
}

/** Of the very directory, where `df` would list what is mounted; null where it cannot be read. */
async function diskSample(of: string, path: string): Promise<DiskSample | null> {
  try {
    const { bsize, blocks, bavail, bfree } = await statfs(path);
    const used = blocks - bfree;
    // As df: what is reserved for root is no one's to use.
    const usedPercent = percent(used + bavail === 0 ? 0 : used / (used + bavail));
    return { of, path, usedPercent, freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return null;
  }
}

/** 0..100 with one decimal; what is no number is 0. */
function percent(ratio: number): number {
  return Number.isFinite(ratio) ? Math.round(Math.min(1, Math.max(0, ratio)) * 1000) / 10 : 0;
}
