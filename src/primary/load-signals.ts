/**
 * How loaded this machine is, 0..1 by kind, for the adaptive rates (policy/load-scale.ts): CPU of all
 * cores, memory in use, the slowest worker's event loop, and the share of calls that failed.
 */
import { cpus, freemem, totalmem, type CpuInfo } from 'node:os';
import type { LoadSignals } from '../policy/load-scale.js';

/** Chosen: an event loop that lags this much serves nobody well. */
const SATURATED_DELAY_MS = 250;

export interface LoadSources {
  /** The slowest worker's 99th percentile of the last second. */
  readonly eventLoopDelayMs: () => number;
  /** 0..1; 0 when too few calls say anything. */
  readonly errorRate: () => number;
}

export class LoadSampler {
  readonly #sources: LoadSources;
  #before = times(cpus());

  constructor(sources: LoadSources) {
    this.#sources = sources;
  }

  /** Since the call before; CPU is the mean in between. */
  sample(): LoadSignals {
    const now = times(cpus());
    const totalMs = now.totalMs - this.#before.totalMs;
    const idleMs = now.idleMs - this.#before.idleMs;
    this.#before = now;
    return {
      cpu: totalMs <= 0 ? 0 : 1 - idleMs / totalMs,
      // On Linux libuv reads MemAvailable: caches count as free.
      memory: 1 - freemem() / totalmem(),
      eventLoopDelay: Math.min(1, this.#sources.eventLoopDelayMs() / SATURATED_DELAY_MS),
      errorRate: this.#sources.errorRate(),
    };
  }
}

function times(cores: readonly CpuInfo[]): { readonly idleMs: number; readonly totalMs: number } {
  let idleMs = 0;
  let totalMs = 0;
  for (const { times: core } of cores) {
    idleMs += core.idle;
    totalMs += core.user + core.nice + core.sys + core.irq + core.idle;
  }
  return { idleMs, totalMs };
}
