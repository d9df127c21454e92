/**
 * How loaded this machine is, 0..1 by kind, for the adaptive rates (policy/load-scale.ts): CPU and memory
 * as the primary sampled them last, the slowest worker's event loop, and the share of calls that failed.
 */
import type { LoadSignals } from '../policy/load-scale.js';
import type { SystemSample } from './system-sampler.js';

/** Chosen: an event loop that lags this much serves nobody well. */
const SATURATED_DELAY_MS = 250;

export interface LoadSources {
  /** Null before the first sample: no reason to throttle. */
  readonly system: () => Pick<SystemSample, 'cpu' | 'memory'> | null;
  /** The slowest worker's 99th percentile of the last second. */
  readonly eventLoopDelayMs: () => number;
  /** 0..1; 0 when too few calls say anything. */
  readonly errorRate: () => number;
}

export function loadSignals({ system, eventLoopDelayMs, errorRate }: LoadSources): LoadSignals {
  const sample = system();
  return {
    cpu: (sample?.cpu.usedPercent ?? 0) / 100,
    memory: (sample?.memory.usedPercent ?? 0) / 100,
    eventLoopDelay: Math.min(1, eventLoopDelayMs() / SATURATED_DELAY_MS),
    errorRate: errorRate(),
  };
}
