/**
 * The primary's children: one supervised place per HTTP worker and per upstream host. Gives them their
 * start messages, replaces workers one at a time, and takes all down in order: workers first, so that
 * their last calls still find the hosts.
 */
import cluster from 'node:cluster';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { processEnv } from '../../config/load.js';
import type { HostToPrimary } from '../ipc/host-messages.js';
import type {
  PrimaryToWorker,
  WorkerSecrets,
  WorkerStart,
  WorkerToPrimary,
} from '../ipc/worker-messages.js';
import { createHostPlace, type HostPlace } from './host-place.js';
import { createWorkerPlace, type WorkerPlace } from './worker-place.js';

export interface ProcessEvents {
  readonly onWorkerMessage: (place: WorkerPlace, message: WorkerToPrimary) => void;
  /** The process is gone: whatever it held is free. */
  readonly onWorkerExit: (place: WorkerPlace) => void;
  readonly onHostMessage: (place: HostPlace, message: HostToPrimary) => void;
  readonly onHostExit: (place: HostPlace) => void;
}

export interface ProcessTreeOptions extends ProcessEvents {
  /** Absolute path of the program's entry. */
  readonly entry: string;
  /** Read at each fork. */
  readonly running: { readonly config: Config; readonly version: number };
  readonly port: number;
  readonly version: string;
  readonly workerSecrets: WorkerSecrets;
  /** As they are when a worker starts. */
  readonly toolPins: () => WorkerStart['toolPins'];
  readonly hostSecrets: Readonly<Record<string, string>>;
  /** Directory of the hosts' sockets; exists, mode 0700. */
  readonly socketDir: string;
  readonly log: Logger;
}

const START_TIMEOUT_MS = 30_000;
/** Children report every second. At 3.5 s a healthy worker on a starved machine was killed (seen with load 27). */
const HEARTBEAT_TIMEOUT_MS = 5_000;
/** Longer than the drain itself, which ends with an exit of the child's own. */
const STOP_MARGIN_MS = 3_000;
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ'] as const;

export class ProcessTree {
  readonly hosts: readonly HostPlace[];
  readonly #options: ProcessTreeOptions;
  readonly #workers: WorkerPlace[];
  /** Beside the workers while one is replaced: the newcomer until it serves, then the old one until it is gone. */
  readonly #extra = new Set<WorkerPlace>();
  #failStart: ((error: Error) => void) | null = null;
  #incarnations = 0;
  #isStopping = false;

  constructor(options: ProcessTreeOptions) {
    this.#options = options;
    const { running, entry } = options;
    const { config } = running;
    // Workers accept by themselves: no connection takes a hop through the primary.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: entry, args: ['--role=worker'], serialization: 'json' });
    this.hosts = Array.from({ length: config.upstreamHosts }, (_, i) => this.#hostPlace(i));
    this.#workers = Array.from({ length: config.workers }, (_, i) => this.#workerPlace(i, 0));
  }

  /** The places that serve, one an index. */
  get workers(): readonly WorkerPlace[] {
    return this.#workers;
  }

  /** Every place with a process that may hold something: those that drain or start beside the others too. */
  get allWorkers(): readonly WorkerPlace[] {
    return [...this.#workers, ...this.#extra];
  }

  /** Resolves when every place is filled and ready; rejects when a child says that it cannot start. */
  async start(): Promise<void> {
    const places = [...this.hosts, ...this.#workers];
    const failed = new Promise<never>((_, reject) => {
      this.#failStart = reject;
    });
    for (const { process } of places) process.start();
    await Promise.race([Promise.all(places.map(({ process }) => process.ready())), failed]);
    this.#failStart = null;
  }

  /**
   * Puts a new process in a worker's place, and only when it serves drains the old one; resolves when
   * that is gone. False when the newcomer did not start: then the old one serves on.
   */
  async replaceWorker(index: number, drainTimeoutMs: number): Promise<boolean> {
    const old = this.#workers[index];
    if (old === undefined || !this.#mayReplace()) return false;
    const next = this.#workerPlace(index, old.process.restarts);
    this.#extra.add(next);
    next.process.start();
    const serves = await next.process.startsWell();
    this.#extra.delete(next);
    if (!serves || !this.#mayReplace()) {
      next.process.kill();
      await next.process.stop({}, 0);
      return false;
    }
    this.#workers[index] = next;
    this.#extra.add(old);
    await old.process.stop(
      { type: 'worker-drain', timeoutMs: drainTimeoutMs, isReplaced: true },
      drainTimeoutMs + STOP_MARGIN_MS,
    );
    this.#extra.delete(old);
    return true;
  }

  /** Resolves when no child is left. Never rejects. */
  async stop(drainTimeoutMs: number): Promise<void> {
    this.#isStopping = true;
    // One that was to take over has nothing to drain, and may not hear us yet.
    for (const { process } of this.#extra) if (process.state === 'starting') process.kill();
    const limitMs = drainTimeoutMs + STOP_MARGIN_MS;
    const drainWorker = { type: 'worker-drain', timeoutMs: drainTimeoutMs, isReplaced: false };
    await Promise.all(this.allWorkers.map(({ process }) => process.stop(drainWorker, limitMs)));
    const drainHost = { type: 'host-drain', timeoutMs: Math.min(drainTimeoutMs, 5_000) };
    await Promise.all(
      // Children get 2 s after end of input and 5 s after TERM before they are killed.
      this.hosts.map(({ process }) => process.stop(drainHost, drainHost.timeoutMs + 10_000)),
    );
  }

  broadcast(message: PrimaryToWorker): void {
    for (const { process } of this.allWorkers) process.send(message);
  }

  broadcastToHosts(message: object): void {
    for (const { process } of this.hosts) process.send(message);
  }

  #mayReplace(): boolean {
    return !this.#isStopping;
  }

  #workerPlace(index: number, restartsBefore: number): WorkerPlace {
    const { running, port, version, workerSecrets, log, onWorkerExit } = this.#options;
    return createWorkerPlace({
      index,
      config: () => running.config,
      startMessage: () => ({
        type: 'worker-start',
        workerIndex: index,
        config: running.config,
        configVersion: running.version,
        secrets: workerSecrets,
        port,
        hostSockets: this.hosts.map(({ socketPath }) => socketPath),
        version,
        toolPins: this.#options.toolPins(),
      }),
      nextIncarnation: () => {
        this.#incarnations += 1;
        return this.#incarnations;
      },
      restartsBefore,
      onMessage: (place, message) => {
        if (message.type === 'worker-failed') {
          this.#failStart?.(
            Object.assign(new Error(`worker ${index + 1} cannot start: ${message.reason}`), {
              code: message.isPortTaken ? 'EADDRINUSE' : 'WORKER_FAILED',
            }),
          );
        }
        this.#options.onWorkerMessage(place, message);
      },
      onExit: onWorkerExit,
      startTimeoutMs: START_TIMEOUT_MS,
      heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
      log,
    });
  }

  #hostPlace(index: number): HostPlace {
    const { running, entry, hostSecrets, log, socketDir, onHostExit } = this.#options;
    const socketPath = join(socketDir, `host-${index}.sock`);
    const environment = processEnv();
    return createHostPlace({
      index,
      entry,
      socketPath,
      uvThreadpoolSize: () => running.config.uvThreadpoolSize,
      startMessage: () => ({
        type: 'host-start',
        config: running.config,
        configVersion: running.version,
        secrets: hostSecrets,
        socketPath,
        hostIndex: index,
        childEnvironment: Object.fromEntries(
          INHERITED.flatMap((name) => {
            const value = environment[name];
            return value === undefined ? [] : [[name, value]];
          }),
        ),
      }),
      onMessage: (place, message) => {
        if (message.type === 'host-failed') {
          this.#failStart?.(new Error(`upstream host ${index} cannot start: ${message.reason}`));
        }
        this.#options.onHostMessage(place, message);
      },
      onExit: onHostExit,
      startTimeoutMs: START_TIMEOUT_MS,
      heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
      log,
    });
  }
}
