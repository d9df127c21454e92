/**
 * The primary's children: one supervised place per HTTP worker and per upstream host. Forks them with
 * the environment that only takes effect at fork, keeps what they last reported, and takes them down in
 * order: workers first, so that their last calls still find the hosts.
 */
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { processEnv } from '../../config/load.js';
import {
  isHostToPrimary,
  type HostServerStatus,
  type HostStart,
  type HostToPrimary,
} from '../ipc/host-messages.js';
import {
  isWorkerToPrimary,
  type PrimaryToWorker,
  type WorkerGauges,
  type WorkerSecrets,
  type WorkerToPrimary,
} from '../ipc/worker-messages.js';
import { SupervisedProcess } from './supervised-process.js';

export interface WorkerPlace {
  readonly index: number;
  readonly process: SupervisedProcess;
  /** Names the present process's life among all there ever were; 0 before the first. */
  incarnation: number;
  /** Of the present process; null until it is ready. */
  front: { readonly name: 'uws' | 'node'; readonly reason: string } | null;
  gauges: WorkerGauges | null;
}

export interface HostPlace {
  readonly index: number;
  readonly process: SupervisedProcess;
  readonly socketPath: string;
  inFlight: number;
  servers: readonly HostServerStatus[];
}

export interface ProcessTreeOptions {
  /** Absolute path of the program's entry. */
  readonly entry: string;
  readonly config: Config;
  readonly port: number;
  readonly version: string;
  readonly workerSecrets: WorkerSecrets;
  readonly hostSecrets: Readonly<Record<string, string>>;
  /** Directory of the hosts' sockets; exists, mode 0700. */
  readonly socketDir: string;
  readonly onWorkerMessage: (place: WorkerPlace, message: WorkerToPrimary) => void;
  /** The process is gone: whatever it held is free. */
  readonly onWorkerExit: (place: WorkerPlace) => void;
  readonly onHostMessage: (place: HostPlace, message: HostToPrimary) => void;
  readonly log: Logger;
}

const START_TIMEOUT_MS = 30_000;
const HEARTBEAT_TIMEOUT_MS = 3_500;
/** Longer than the drain itself, which ends with an exit of the child's own. */
const STOP_MARGIN_MS = 3_000;
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ'] as const;

export class ProcessTree {
  readonly workers: readonly WorkerPlace[];
  readonly hosts: readonly HostPlace[];
  readonly #options: ProcessTreeOptions;
  #failStart: ((error: Error) => void) | null = null;
  #incarnations = 0;

  constructor(options: ProcessTreeOptions) {
    this.#options = options;
    const { config, entry } = options;
    // Workers accept by themselves: no connection takes a hop through the primary.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: entry, args: ['--role=worker'], serialization: 'json' });
    this.hosts = Array.from({ length: config.upstreamHosts }, (_, i) => this.#hostPlace(i));
    this.workers = Array.from({ length: config.workers }, (_, i) => this.#workerPlace(i));
  }

  /** Resolves when every place is filled and ready; rejects when a child says that it cannot start. */
  async start(): Promise<void> {
    const places = [...this.hosts, ...this.workers];
    const failed = new Promise<never>((_, reject) => {
      this.#failStart = reject;
    });
    for (const { process } of places) process.start();
    await Promise.race([Promise.all(places.map(({ process }) => process.ready())), failed]);
    this.#failStart = null;
  }

  /** Resolves when no child is left. Never rejects. */
  async stop(drainTimeoutMs: number): Promise<void> {
    const limitMs = drainTimeoutMs + STOP_MARGIN_MS;
    const drainWorker: PrimaryToWorker = { type: 'worker-drain', timeoutMs: drainTimeoutMs };
    await Promise.all(this.workers.map(({ process }) => process.stop(drainWorker, limitMs)));
    const drainHost = { type: 'host-drain', timeoutMs: Math.min(drainTimeoutMs, 5_000) };
    await Promise.all(
      // Children get 2 s after end of input and 5 s after TERM before they are killed.
      this.hosts.map(({ process }) => process.stop(drainHost, drainHost.timeoutMs + 10_000)),
    );
  }

  broadcast(message: PrimaryToWorker): void {
    for (const { process } of this.workers) process.send(message);
  }

  broadcastToHosts(message: object): void {
    for (const { process } of this.hosts) process.send(message);
  }

  #workerPlace(index: number): WorkerPlace {
    const { config, log, port, version, workerSecrets } = this.#options;
    const place: WorkerPlace = {
      index,
      incarnation: 0,
      front: null,
      gauges: null,
      process: new SupervisedProcess({
        name: `worker ${index + 1}`,
        fork: () => {
          this.#incarnations += 1;
          place.incarnation = this.#incarnations;
          return cluster.fork({
            UV_THREADPOOL_SIZE: String(config.uvThreadpoolSize),
            // uWebSockets.js reads it once, when it is loaded.
            UWS_HTTP_MAX_HEADERS_SIZE: String(config.http.maxHeaderBytes),
          }).process;
        },
        startMessage: () => ({
          type: 'worker-start',
          workerIndex: index,
          config,
          secrets: workerSecrets,
          port,
          hostSockets: this.hosts.map(({ socketPath }) => socketPath),
          version,
        }),
        isHello: (message) => isWorkerToPrimary(message) && message.type === 'worker-hello',
        isReady: (message) => isWorkerToPrimary(message) && message.type === 'worker-ready',
        onMessage: (message) => {
          if (!isWorkerToPrimary(message)) return;
          if (message.type === 'worker-ready') {
            place.front = { name: message.front, reason: message.frontReason };
          }
          if (message.type === 'worker-failed') {
            this.#failStart?.(
              Object.assign(new Error(`worker ${index + 1} cannot start: ${message.reason}`), {
                code: message.isPortTaken ? 'EADDRINUSE' : 'WORKER_FAILED',
              }),
            );
          }
          if (message.type === 'worker-report') place.gauges = message.gauges;
          this.#options.onWorkerMessage(place, message);
        },
        onExit: () => {
          place.front = null;
          place.gauges = null;
          this.#options.onWorkerExit(place);
        },
        startTimeoutMs: START_TIMEOUT_MS,
        heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
        log,
      }),
    };
    return place;
  }

  #hostPlace(index: number): HostPlace {
    const { config, entry, hostSecrets, log, socketDir } = this.#options;
    const socketPath = join(socketDir, `host-${index}.sock`);
    const environment = processEnv();
    const place: HostPlace = {
      index,
      socketPath,
      inFlight: 0,
      servers: [],
      process: new SupervisedProcess({
        name: `upstream host ${index}`,
        fork: () =>
          fork(entry, ['--role=host'], {
            env: { ...environment, UV_THREADPOOL_SIZE: String(config.uvThreadpoolSize) },
          }),
        startMessage: (): HostStart => ({
          type: 'host-start',
          config,
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
        isReady: (message) => isHostToPrimary(message) && message.type === 'host-ready',
        onMessage: (message) => {
          if (!isHostToPrimary(message)) return;
          if (message.type === 'host-failed') {
            this.#failStart?.(new Error(`upstream host ${index} cannot start: ${message.reason}`));
          } else place.servers = message.servers;
          if (message.type === 'host-status') place.inFlight = message.inFlight;
          this.#options.onHostMessage(place, message);
        },
        onExit: () => {
          place.inFlight = 0;
          place.servers = [];
        },
        startTimeoutMs: START_TIMEOUT_MS,
        heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
        log,
      }),
    };
    return place;
  }
}
