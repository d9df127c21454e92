/** One upstream host as the primary sees it: its supervised process and what it last reported. */
import { fork } from 'node:child_process';
import type { Logger } from 'pino';
import { processEnv } from '../../config/load.js';
import {
  isHostToPrimary,
  type HostServerStatus,
  type HostStart,
  type HostToPrimary,
} from '../ipc/host-messages.js';
import { SupervisedProcess } from './supervised-process.js';

export interface HostPlace {
  readonly index: number;
  readonly process: SupervisedProcess;
  readonly socketPath: string;
  inFlight: number;
  /** Of the present process, since it started. */
  droppedLogLines: number;
  servers: readonly HostServerStatus[];
  /** Of the configuration that it was given, or confirmed. */
  configVersion: number;
}

export interface HostPlaceOptions {
  readonly index: number;
  /** Absolute path of the program's entry. */
  readonly entry: string;
  readonly socketPath: string;
  readonly uvThreadpoolSize: () => number;
  readonly startMessage: () => HostStart;
  readonly onMessage: (place: HostPlace, message: HostToPrimary) => void;
  readonly onExit: (place: HostPlace) => void;
  readonly startTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly log: Logger;
}

export function createHostPlace(options: HostPlaceOptions): HostPlace {
  const { index, entry, socketPath, uvThreadpoolSize, startMessage } = options;
  const { startTimeoutMs, heartbeatTimeoutMs, log } = options;
  const place: HostPlace = {
    index,
    socketPath,
    inFlight: 0,
    droppedLogLines: 0,
    servers: [],
    configVersion: 0,
    process: new SupervisedProcess({
      name: `upstream host ${index}`,
      fork: () =>
        fork(entry, ['--role=host'], {
          env: { ...processEnv(), UV_THREADPOOL_SIZE: String(uvThreadpoolSize()) },
        }),
      startMessage: () => {
        const message = startMessage();
        place.configVersion = message.configVersion;
        return message;
      },
      isReady: (message) => isHostToPrimary(message) && message.type === 'host-ready',
      onMessage: (message) => {
        if (!isHostToPrimary(message)) return;
        if (message.type === 'host-ready') place.servers = message.servers;
        if (message.type === 'host-status') {
          place.servers = message.servers;
          place.inFlight = message.inFlight;
          place.droppedLogLines = message.droppedLogLines;
        }
        options.onMessage(place, message);
      },
      onExit: () => {
        place.inFlight = 0;
        place.droppedLogLines = 0;
        place.servers = [];
        options.onExit(place);
      },
      startTimeoutMs,
      heartbeatTimeoutMs,
      log,
    }),
  };
  return place;
}
