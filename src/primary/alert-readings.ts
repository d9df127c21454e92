/**
 * The levels that can be alerts, one function each: value, threshold, how long it must last, and the
 * sentence. Thresholds are the configuration's; what else is chosen stands here as a named constant.
 */
import type { MonitoringConfig } from '../../config/config.js';
import type { ServerView } from '../admin/operations.js';
import type { AlertName } from '../policy/alert-kinds.js';
import type { RecentTraffic } from '../telemetry/recent-traffic.js';
import type { AdmissionSnapshot } from './admission-broker.js';
import { serverViews, type StatusSource } from './status-documents.js';
import type { WatchedReading } from './alert-watch.js';

export interface AlertSignals {
  /** Percent; null while unknown. */
  readonly machine: () => { readonly cpu: number; readonly memory: number } | null;
  /** How full the disks are that hold data and logs, as far as they can be read. */
  readonly disks: () => readonly { readonly of: string; readonly usedPercent: number }[];
  readonly admission: () => AdmissionSnapshot;
  readonly traffic: RecentTraffic;
  readonly servers: () => readonly ServerView[];
  readonly processes: () => readonly WatchedProcess[];
  /** Of all processes together, since they started. */
  readonly droppedLogLines: () => number;
}

/** What of the gateway's status can be an alert. */
export function alertSignals(status: StatusSource): Omit<AlertSignals, 'traffic'> {
  const { tree } = status;
  // Read anew each time: a rolling restart puts other processes into the places.
  const places = () => [
    ...tree.workers.map(({ index, process }) => ({ name: `worker ${index + 1}`, process })),
    ...tree.hosts.map(({ index, process }) => ({ name: `upstream host ${index}`, process })),
  ];
  return {
    machine: () => {
      const sample = status.system();
      if (sample === null) return null;
      return { cpu: sample.cpu.usedPercent, memory: sample.memory.usedPercent };
    },
    disks: () => status.system()?.disks ?? [],
    admission: status.admission,
    servers: () => serverViews(status),
    processes: () =>
      places().map(({ name, process: { isInLoop, state } }) => {
        return { name, isInLoop, isRunning: state === 'running' };
      }),
    droppedLogLines: () =>
      tree.workers.reduce((total, { gauges }) => total + (gauges?.droppedLogLines ?? 0), 0) +
      tree.hosts.reduce((total, { droppedLogLines }) => total + droppedLogLines, 0) +
      status.droppedLogLines(),
  };
}

export interface WatchedProcess {
  readonly name: string;
  readonly isInLoop: boolean;
  readonly isRunning: boolean;
}

/** Below the threshold by this much, of it, a level is over. */
const CLEAR_RATIO = 0.94;
/** Each second's sample moves the smoothed level this far: one busy second is no alert. */
const SMOOTHING = 0.3;
/** Fewer calls say nothing about a share of them; as the circuit breaker has it. */
const MIN_CALLS = 20;
/** A threshold for response times is for the slowest twentieth (p95), and for no fewer than three calls. */
const SLOW_SHARE = 0.05;
const MIN_SLOW = 3;

type Config = Pick<
  MonitoringConfig,
  | 'cpuThresholdPercent'
  | 'memoryThresholdPercent'
  | 'diskThresholdPercent'
  | 'responseTimeThresholdMs'
  | 'errorRateThresholdPercent'
  | 'alertSustainedMs'
  | 'alertWindowMs'
  | 'alertRefusals'
>;

export class AlertReadings {
  readonly #settings: () => Config;
  readonly #signals: AlertSignals;
  #cpu = NaN;
  #memory = NaN;
  #droppedLogLines = 0;

  /** `settings` are those in force at each look. */
  constructor(settings: () => Config, signals: AlertSignals) {
    this.#settings = settings;
    this.#signals = signals;
  }

  *at(nowMs: number): Generator<WatchedReading> {
    yield* this.#machine();
    yield* this.#disks();
    const admission = this.#signals.admission();
    yield this.#totalPool(admission);
    for (const [server, facts] of admission.servers) {
      const traffic = this.#signals.traffic.of(nowMs, server);
      yield this.#responseTime(server, traffic);
      yield this.#errorRate(server, traffic);
      yield this.#serverPool(server, facts, traffic.unslotted);
      yield flag('circuit-open', server, facts.breaker.state !== 'closed', () => {
        const percent = Math.round(facts.breaker.failureRatio * 100);
        return `${percent} % of the last calls failed; calls get 503 until a probe succeeds.`;
      });
    }
    for (const [policy, refused] of this.#signals.traffic.refusals(nowMs)) {
      if (policy.endsWith('-rate')) yield this.#rateLimit(policy, refused);
    }
    for (const { name, state, detail } of this.#signals.servers()) {
      yield flag('server-down', name, state === 'failing', () => detail ?? 'It does not start.');
    }
    for (const { name, isInLoop, isRunning } of this.#signals.processes()) {
      yield flag('process-restarting', name, isInLoop && !isRunning, () => {
        return 'It ended again and again; it is restarted with growing pauses.';
      });
    }
    yield this.#logLines();
  }

  get #config(): Config {
    return this.#settings();
  }

  get #window(): string {
    return `the last ${Math.round(this.#config.alertWindowMs / 1000)} s`;
  }

  *#machine(): Generator<WatchedReading> {
    const { cpuThresholdPercent, memoryThresholdPercent } = this.#config;
    const machine = this.#signals.machine();
    this.#cpu = smoothed(this.#cpu, machine?.cpu ?? NaN);
    this.#memory = smoothed(this.#memory, machine?.memory ?? NaN);
    yield this.#level('cpu-high', null, this.#cpu, cpuThresholdPercent, 'CPU use');
    yield this.#level('memory-high', null, this.#memory, memoryThresholdPercent, 'Memory in use');
  }

  *#disks(): Generator<WatchedReading> {
    const { diskThresholdPercent } = this.#config;
    for (const { of, usedPercent } of this.#signals.disks()) {
      const what = `Disk use of ${of}`;
      yield this.#level('disk-space-low', of, usedPercent, diskThresholdPercent, what);
    }
  }

  #level(
    alert: AlertName,
    target: string | null,
    percent: number,
    threshold: number,
    what: string,
  ): WatchedReading {
    return {
      alert,
      target,
      value: percent,
      threshold,
      clearBelow: clearBelowPercent(threshold),
      sustainMs: this.#config.alertSustainedMs,
      message: () => `${what} is ${Math.round(percent)} %, above ${threshold} %.`,
    };
  }

  #responseTime(server: string, { slow, timed }: Traffic): WatchedReading {
    const { responseTimeThresholdMs, alertSustainedMs } = this.#config;
    return {
      alert: 'response-time-high',
      target: server,
      value: slow < MIN_SLOW ? 0 : slow / timed,
      threshold: SLOW_SHARE,
      clearBelow: SLOW_SHARE * CLEAR_RATIO,
      sustainMs: alertSustainedMs,
      message: () =>
        `${slow} of ${timed} requests of ${this.#window} took longer than ${responseTimeThresholdMs} ms.`,
    };
  }

  #errorRate(server: string, { requests, faults }: Traffic): WatchedReading {
    const { errorRateThresholdPercent, alertSustainedMs } = this.#config;
    return {
      alert: 'error-rate-high',
      target: server,
      value: requests < MIN_CALLS ? 0 : (faults / requests) * 100,
      threshold: errorRateThresholdPercent,
      clearBelow: clearBelowPercent(errorRateThresholdPercent),
      sustainMs: alertSustainedMs,
      message: () =>
        `${faults} of ${requests} requests of ${this.#window} failed, more than ${errorRateThresholdPercent} %.`,
    };
  }

  #rateLimit(policy: string, refused: number): WatchedReading {
    const { alertRefusals } = this.#config;
    return {
      alert: 'rate-limited',
      target: policy,
      value: refused,
      threshold: alertRefusals - 1,
      clearBelow: 1, // None within the window.
      sustainMs: 0, // The window is long enough.
      message: () => `The ${policy} limit refused ${refused} calls in ${this.#window}.`,
    };
  }

  #totalPool({ calls }: AdmissionSnapshot): WatchedReading {
    const { out, limit } = calls.total;
    const sustainMs = this.#config.alertSustainedMs;
    const isFull = calls.queued > 0 && out >= limit;
    const message = () =>
      `All ${limit} slots (maxTotalConnections) are taken and ${calls.queued} calls wait.`;
    return { ...flag('pool-exhausted', null, isFull, message), sustainMs };
  }

  #serverPool(server: string, facts: ServerFacts, unslotted: number): WatchedReading {
    const { out, effectiveLimit, queued } = facts;
    const isFull = queued > 0 && out >= effectiveLimit;
    const message = () =>
      unslotted > 0
        ? `${unslotted} calls of ${this.#window} got no slot, of ${effectiveLimit}; ${queued} wait.`
        : `All ${effectiveLimit} slots are taken and ${queued} calls wait.`;
    return {
      ...flag('pool-exhausted', server, isFull || unslotted > 0, message),
      // Refused calls are a fact; a full pool with a queue may be a burst that drains.
      sustainMs: unslotted > 0 ? 0 : this.#config.alertSustainedMs,
    };
  }

  #logLines(): WatchedReading {
    const dropped = this.#signals.droppedLogLines();
    const lost = Math.max(0, dropped - this.#droppedLogLines);
    this.#droppedLogLines = dropped;
    const message = () => `${dropped} lines were lost so far: the disk is full or too slow.`;
    return {
      ...flag('log-lines-dropped', null, lost > 0, message),
      sustainMs: lost > 0 ? 0 : this.#config.alertSustainedMs,
    };
  }
}

type Traffic = ReturnType<RecentTraffic['of']>;
type ServerFacts =
  AdmissionSnapshot['servers'] extends ReadonlyMap<string, infer Facts> ? Facts : never;

/** A condition that holds or does not. */
function flag(
  alert: WatchedReading['alert'],
  target: string | null,
  holds: boolean,
  message: () => string,
): WatchedReading {
  return {
    ...{ alert, target, message },
    ...{ value: holds ? 1 : 0, threshold: 0.5, clearBelow: 0.5, sustainMs: 0 },
  };
}

/** Nothing is above 100 %: as a threshold it is none, and an alert that holds is over. */
function clearBelowPercent(threshold: number): number {
  return threshold >= 100 ? Infinity : threshold * CLEAR_RATIO;
}

function smoothed(before: number, sample: number): number {
  if (Number.isNaN(before)) return sample;
  return Number.isNaN(sample) ? before : before + (sample - before) * SMOOTHING;
}
