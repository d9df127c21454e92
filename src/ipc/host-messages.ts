/**
 * What the primary and an upstream host tell each other over Node's IPC channel (JSON). Rare messages
 * only: traffic goes over the unix socket (frames.ts). Both ends import these shapes; the guards keep
 * a message of a newer or older build from being half understood.
 * `Config` and `secrets` stay opaque here, because this layer may not know the configuration.
 */

export interface HostStart {
  readonly type: 'host-start';
  /** The frozen Config, as JSON. */
  readonly config: unknown;
  /** As in WorkerStart. */
  readonly configVersion: number;
  /** What the primary generated or read besides the configuration (master key, JWT secret). */
  readonly secrets: Readonly<Record<string, string>>;
  /** Where this host listens; at most 107 bytes (sun_path), unique to this host. */
  readonly socketPath: string;
  readonly hostIndex: number;
  /** PATH, HOME, LANG, TMPDIR as far as they are set: all that stdio children inherit. */
  readonly childEnvironment: Readonly<Record<string, string>>;
}

export type PrimaryToHost =
  | HostStart
  /** Refuse new exchanges, wait for those in flight, close children and modules, exit 0. */
  | { readonly type: 'host-drain'; readonly timeoutMs: number }
  /** What was opened under this user's former credential ends. */
  | { readonly type: 'host-credential-changed'; readonly server: string; readonly user: string }
  /** The log files were renamed: open them again. */
  | { readonly type: 'host-reopen-logs' }
  /** From now on, until told otherwise. */
  | { readonly type: 'host-log-level'; readonly level: string }
  /** To be applied at once: servers come and go, the others stay untouched. Acknowledged. */
  | { readonly type: 'host-config'; readonly version: number; readonly config: unknown }
  /** End this server's children or module and begin anew. */
  | { readonly type: 'host-restart-server'; readonly server: string };

/** One server of this host, for status and metrics. */
export interface HostServerStatus {
  readonly name: string;
  readonly kind: 'stdio' | 'module' | 'sse';
  /** `loading`: a module not ready yet. `failing`: it did not load, or its process keeps dying. */
  readonly state: 'loading' | 'ready' | 'failing';
  /** Why it is failing, for operators; null otherwise. */
  readonly reason: string | null;
  /** Children, or connections to the module, alive now. */
  readonly openCount: number;
  /** Of clients of the legacy revisions. */
  readonly sessions: number;
  /** Since the host started. */
  readonly restarts: number;
  readonly droppedLines: number;
}

export type HostToPrimary =
  /** The socket listens. Sent once. */
  | {
      readonly type: 'host-ready';
      readonly pid: number;
      readonly servers: readonly HostServerStatus[];
    }
  /** Every STATUS_INTERVAL_MS; also what the primary's heartbeat looks for. */
  | {
      readonly type: 'host-status';
      readonly inFlight: number;
      /** Since the host started. */
      readonly droppedLogLines: number;
      /** Now and then: the usual metrics of its process (telemetry/process-metrics.ts). */
      readonly process?: unknown;
      /** What was cleaned up since the last one (telemetry/cleanup-counts.ts); absent: nothing. */
      readonly removed?: unknown;
      readonly servers: readonly HostServerStatus[];
    }
  /** `host-config` is what it serves by now. */
  | { readonly type: 'host-config-applied'; readonly version: number }
  /** The start failed; the process exits with 70 right after. */
  | { readonly type: 'host-failed'; readonly reason: string };

/** The fault matrix wants a blocked process found within three missed beats of one second. */
export const STATUS_INTERVAL_MS = 1000;

export function isPrimaryToHost(message: unknown): message is PrimaryToHost {
  if (!isRecord(message)) return false;
  switch (message['type']) {
    case 'host-start':
      return (
        isRecord(message['config']) &&
        isTextRecord(message['secrets']) &&
        typeof message['socketPath'] === 'string' &&
        Number.isSafeInteger(message['hostIndex']) &&
        isTextRecord(message['childEnvironment'])
      );
    case 'host-drain':
      return typeof message['timeoutMs'] === 'number';
    case 'host-credential-changed':
      return typeof message['server'] === 'string' && typeof message['user'] === 'string';
    case 'host-reopen-logs':
      return true;
    case 'host-log-level':
      return typeof message['level'] === 'string';
    case 'host-config':
      return typeof message['version'] === 'number' && isRecord(message['config']);
    case 'host-restart-server':
      return typeof message['server'] === 'string';
    default:
      return false;
  }
}

export function isHostToPrimary(message: unknown): message is HostToPrimary {
  if (!isRecord(message)) return false;
  switch (message['type']) {
    case 'host-ready':
      return typeof message['pid'] === 'number' && areStatuses(message['servers']);
    case 'host-status':
      return (
        typeof message['inFlight'] === 'number' &&
        typeof message['droppedLogLines'] === 'number' &&
        areStatuses(message['servers'])
      );
    case 'host-failed':
      return typeof message['reason'] === 'string';
    case 'host-config-applied':
      return typeof message['version'] === 'number';
    default:
      return false;
  }
}

const STATES: readonly unknown[] = ['loading', 'ready', 'failing'];
const KINDS: readonly unknown[] = ['stdio', 'module', 'sse'];

function areStatuses(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (status: unknown) =>
        isRecord(status) &&
        typeof status['name'] === 'string' &&
        KINDS.includes(status['kind']) &&
        STATES.includes(status['state']) &&
        (status['reason'] === null || typeof status['reason'] === 'string') &&
        typeof status['openCount'] === 'number' &&
        typeof status['sessions'] === 'number' &&
        typeof status['restarts'] === 'number' &&
        typeof status['droppedLines'] === 'number',
    )
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextRecord(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((each) => typeof each === 'string');
}
