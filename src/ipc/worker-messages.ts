/**
 * What the primary and an HTTP worker tell each other over Node's IPC channel (JSON). Both ends import
 * these shapes; the guards keep a message of another build from being half understood. `Config` and the
 * documents stay opaque here, because this layer may not know the layers that make them.
 */
import {
  isPrimaryEvents,
  isWorkerEvents,
  type PrimaryEvent,
  type WorkerEvent,
} from './admission-messages.js';
import {
  isIssuerKeysMessage,
  type IssuerKeysMessage,
  type IssuerKeysWanted,
} from './issuer-keys-messages.js';
import {
  isToolPins,
  isToolsSeen,
  type ToolPins,
  type ToolPinsMessage,
  type ToolsSeenMessage,
} from './tool-pin-messages.js';

import { isServerCheck, type ServerCheck } from './server-check.js';

/** Subkeys that the primary derived; hex. A worker never sees the master key. */
export interface WorkerSecrets {
  /** Seals session ids. */
  readonly sessionKey: string;
  /** Key the hashes of API keys; the first is the one that new keys get. */
  readonly peppers: readonly string[];
  /** Verifies HS256 tokens. */
  readonly jwtSecret: string;
  readonly jwtSecretPrevious: string | null;
  /** Open users' upstream credentials; the first is the one that seals. */
  readonly credentialKeys: readonly string[];
}

export interface WorkerStart {
  readonly type: 'worker-start';
  readonly workerIndex: number;
  /** The frozen Config, as JSON. */
  readonly config: unknown;
  /** Which one it is: 1 at the gateway's start, then one more with each that is applied. */
  readonly configVersion: number;
  readonly secrets: WorkerSecrets;
  /** The port to bind; the configuration's, or the one that was chosen for port 0. */
  readonly port: number;
  /** Unix sockets of the upstream hosts, by host index. */
  readonly hostSockets: readonly string[];
  readonly version: string;
  /** By server, of those whose tools are pinned. */
  readonly toolPins: Readonly<Record<string, ToolPins>>;
}

/** What a worker may ask the primary for on a client's behalf. */
export type QueryKind =
  | 'health'
  | 'readiness'
  | 'metrics-json'
  | 'metrics-prometheus'
  | 'metrics-openmetrics'
  | 'dashboard'
  | 'dashboard-settings';

export type PrimaryToWorker =
  | WorkerStart
  /**
   * Stop accepting, finish what is in flight within the time, exit 0. `isReplaced`: another worker serves
   * in its place, so there is time to send clients there one by one.
   */
  | { readonly type: 'worker-drain'; readonly timeoutMs: number; readonly isReplaced: boolean }
  | {
      readonly type: 'answer';
      readonly query: number;
      readonly body: string;
      readonly status: number;
    }
  /** This API key must not be served from any cache from now on; null: none may. Acknowledged. */
  | { readonly type: 'revoked'; readonly keyId: string | null; readonly revocation: number }
  /** This user's credential for the server must not be served from any cache from now on. Acknowledged alike. */
  | {
      readonly type: 'credential-changed';
      readonly user: string;
      readonly server: string;
      readonly revocation: number;
    }
  | { readonly type: 'reopen-logs' }
  /** From now on, until told otherwise. */
  | { readonly type: 'log-level'; readonly level: string }
  | IssuerKeysMessage
  /** To be applied at once, as far as it can be without a new process. Acknowledged. */
  | { readonly type: 'config'; readonly version: number; readonly config: unknown }
  /** Ask the server whether it is well and tell the answer under this number. */
  | { readonly type: 'check-server'; readonly server: string; readonly check: number }
  /** What the server lists, for labels of metrics. */
  | { readonly type: 'server-tools'; readonly server: string; readonly names: readonly string[] }
  | ToolPinsMessage
  /** Everything about admission of one tick, in order. */
  | { readonly type: 'admission'; readonly events: readonly PrimaryEvent[] };

export type WorkerToPrimary =
  | ToolsSeenMessage
  /** It listens to its channel now and asks for its start message. */
  | { readonly type: 'worker-hello' }
  | {
      readonly type: 'worker-ready';
      readonly port: number;
      readonly front: 'uws' | 'node';
      /** Why this front serves. */
      readonly frontReason: string;
    }
  /** `isPortTaken`: another program holds the port, so a new fork would fail alike. */
  | { readonly type: 'worker-failed'; readonly reason: string; readonly isPortTaken: boolean }
  /** Every REPORT_INTERVAL_MS; also what the primary's heartbeat looks for. */
  | {
      readonly type: 'worker-report';
      /** Text of telemetry/metric-delta.ts; empty when nothing was counted. */
      readonly delta: string;
      readonly admission: unknown;
      /** Now and then: the usual metrics of its process (telemetry/process-metrics.ts). */
      readonly process?: unknown;
      /** What was cleaned up since the last report (telemetry/cleanup-counts.ts); absent: nothing. */
      readonly removed?: unknown;
      readonly gauges: WorkerGauges;
    }
  /** Everything about admission of one tick, in order. */
  | { readonly type: 'admission'; readonly events: readonly WorkerEvent[] }
  | {
      readonly type: 'query';
      readonly query: number;
      readonly kind: QueryKind;
      /** Whether the asker may see more than a status word. */
      readonly isTrusted: boolean;
      /** What else the kind needs; from the client, so of any content. */
      readonly argument?: string;
    }
  | {
      readonly type: 'server-checked';
      readonly server: string;
      readonly check: number;
      readonly result: ServerCheck;
    }
  | { readonly type: 'revocation-applied'; readonly revocation: number }
  | IssuerKeysWanted
  /** `config` is what it serves by now. */
  | { readonly type: 'config-applied'; readonly version: number };

export interface WorkerGauges {
  readonly connections: number;
  /** Exchanges with upstreams in flight, by server. */
  readonly inFlight: Readonly<Record<string, number>>;
  /** Slots leased and not in use, by server. */
  readonly idleSlots: Readonly<Record<string, number>>;
  /** Connections to HTTP servers, by server. */
  readonly upstreamConnections: Readonly<
    Record<string, { readonly active: number; readonly idle: number; readonly connecting: number }>
  >;
  readonly listening: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** 99th percentile of the event loop's delay since the last report. */
  readonly eventLoopDelayMs: number;
  readonly cachedIdentities: number;
  readonly droppedLogLines: number;
  /** Since the worker started. */
  readonly refusedConnections: number;
  readonly refusedRequests: number;
}

/** A blocked worker is found within three missed reports. */
export const REPORT_INTERVAL_MS = 1000;

export function isPrimaryToWorker(message: unknown): message is PrimaryToWorker {
  if (!isRecord(message)) return false;
  switch (message['type']) {
    case 'worker-start':
      return (
        isRecord(message['config']) &&
        isRecord(message['secrets']) &&
        typeof message['port'] === 'number' &&
        Array.isArray(message['hostSockets'])
      );
    case 'worker-drain':
      return typeof message['timeoutMs'] === 'number' && typeof message['isReplaced'] === 'boolean';
    case 'answer':
      return typeof message['query'] === 'number' && typeof message['body'] === 'string';
    case 'revoked':
      return typeof message['revocation'] === 'number';
    case 'tool-pins':
      return isToolPins(message);
    case 'credential-changed':
      return (
        typeof message['user'] === 'string' &&
        typeof message['server'] === 'string' &&
        typeof message['revocation'] === 'number'
      );
    case 'config':
      return typeof message['version'] === 'number' && isRecord(message['config']);
    case 'check-server':
      return typeof message['server'] === 'string' && typeof message['check'] === 'number';
    case 'server-tools':
      return typeof message['server'] === 'string' && Array.isArray(message['names']);
    case 'reopen-logs':
      return true;
    case 'log-level':
      return typeof message['level'] === 'string';
    case 'issuer-keys':
      return isIssuerKeysMessage(message);
    case 'admission':
      return isPrimaryEvents(message['events']);
    default:
      return false;
  }
}

export function isWorkerToPrimary(message: unknown): message is WorkerToPrimary {
  if (!isRecord(message)) return false;
  switch (message['type']) {
    case 'tools-seen':
      return isToolsSeen(message);
    case 'worker-hello':
    case 'issuer-keys-wanted':
      return true;
    case 'worker-ready':
      return typeof message['port'] === 'number';
    case 'worker-failed':
      return typeof message['reason'] === 'string';
    case 'worker-report':
      return typeof message['delta'] === 'string' && isRecord(message['gauges']);
    case 'admission':
      return isWorkerEvents(message['events']);
    case 'query':
      return typeof message['query'] === 'number' && typeof message['kind'] === 'string';
    case 'config-applied':
      return typeof message['version'] === 'number';
    case 'server-checked':
      return (
        typeof message['server'] === 'string' &&
        typeof message['check'] === 'number' &&
        isServerCheck(message['result'])
      );
    case 'revocation-applied':
      return typeof message['revocation'] === 'number';
    default:
      return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
