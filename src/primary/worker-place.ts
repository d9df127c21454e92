/**
 * One HTTP worker as the primary sees it: its supervised process and what it last reported. A rolling
 * restart gives an index a new place beside the old one, so that both are heard until the old one is gone.
 */
import cluster from 'node:cluster';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import {
  isWorkerToPrimary,
  type WorkerGauges,
  type WorkerStart,
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
  /** Of the configuration that it was given, or confirmed. */
  configVersion: number;
}

export interface WorkerPlaceOptions {
  readonly index: number;
  /** Read at each fork. */
  readonly config: () => Config;
  readonly startMessage: () => WorkerStart;
  readonly nextIncarnation: () => number;
  readonly restartsBefore: number;
  readonly onMessage: (place: WorkerPlace, message: WorkerToPrimary) => void;
  /** The process is gone: whatever it held is free. */
  readonly onExit: (place: WorkerPlace) => void;
  readonly startTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly log: Logger;
}

export function createWorkerPlace(options: WorkerPlaceOptions): WorkerPlace {
  const { index, config, startMessage, nextIncarnation, restartsBefore } = options;
  const { startTimeoutMs, heartbeatTimeoutMs, log } = options;
  const place: WorkerPlace = {
    index,
    incarnation: 0,
    front: null,
    gauges: null,
    configVersion: 0,
    process: new SupervisedProcess({
      name: `worker ${index + 1}`,
      fork: () => {
        place.incarnation = nextIncarnation();
        const { uvThreadpoolSize, http } = config();
        const worker = cluster.fork({
          UV_THREADPOOL_SIZE: String(uvThreadpoolSize),
          // uWebSockets.js reads it once, when it is loaded.
          UWS_HTTP_MAX_HEADERS_SIZE: String(http.maxHeaderBytes),
        });
        // The same errors once more, which the supervised process looks after: with no listener they would end the primary.
        worker.on('error', () => {
          // One that never was exits never, and node:cluster would keep it.
          if (worker.process.pid === undefined) delete cluster.workers?.[worker.id];
        });
        return worker.process;
      },
      startMessage: () => {
        const message = startMessage();
        place.configVersion = message.configVersion;
        return message;
      },
      isHello: (message) => isWorkerToPrimary(message) && message.type === 'worker-hello',
      isReady: (message) => isWorkerToPrimary(message) && message.type === 'worker-ready',
      onMessage: (message) => {
        if (!isWorkerToPrimary(message)) return;
        if (message.type === 'worker-ready') {
          place.front = { name: message.front, reason: message.frontReason };
        }
        if (message.type === 'worker-report') place.gauges = message.gauges;
        options.onMessage(place, message);
      },
      onExit: () => {
        place.front = null;
        place.gauges = null;
        options.onExit(place);
      },
      startTimeoutMs,
      heartbeatTimeoutMs,
      log,
      restartsBefore,
    }),
  };
  return place;
}
