/**
 * Tells the service manager what it cannot see from outside: that all workers listen, that some worker
 * still answers, that the gateway is draining. PM2 (`wait_ready`) takes a message on its IPC channel;
 * systemd (`Type=notify`, sd_notify(3)) takes datagrams on a unix socket, which Node.js cannot send, so
 * `systemd-notify` does. Under neither, nothing happens.
 */
import { spawn } from 'node:child_process';
import cluster from 'node:cluster';
import type { Logger } from 'pino';
import type { Environment } from '../../config/environment.js';

export interface ReadySignalOptions {
  readonly environment: Environment;
  /** One line for `systemctl status`. */
  readonly status: () => string;
  /** While false, systemd's watchdog gets no sign of life. */
  readonly isServing: () => boolean;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Default: `process.send`, where there is an IPC channel. */
  readonly send?: ((message: string) => void) | undefined;
  /** Default `systemd-notify`. */
  readonly command?: string;
}

const NOTIFY_TIMEOUT_MS = 5000;
const MIN_PERIOD_MS = 100;
const PM2_ADVICE =
  'under PM2: pm2 reload stops and starts, with a gap; without one: pm2 sendSignal SIGHUP multi-mcp' +
  ' for the configuration, multi-mcp restart for the workers';

export class ReadySignal {
  readonly #options: ReadySignalOptions;
  readonly #send: ((message: string) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isNotifying = false;
  #isMissing = false;

  constructor(options: ReadySignalOptions) {
    this.#options = options;
    this.#send = options.send ?? process.send?.bind(process);
  }

  /** Every worker listens. Starts the signs of life that systemd asked for. */
  ready(): void {
    const { environment, status } = this.#options;
    if (environment['pm_id'] !== undefined) {
      this.#send?.('ready');
      this.#options.log.info(PM2_ADVICE);
    }
    this.#notify(['--ready', `--status=${status()}`]);
    const periodMs = watchdogPeriodMs(environment);
    if (periodMs === null) return;
    this.#timer = setInterval(() => {
      if (this.#options.isServing()) this.#notify(['WATCHDOG=1', `--status=${status()}`]);
    }, periodMs).unref();
  }

  /** The drain begins, as `status` says; systemd expects no further sign of life. */
  stopping(status: string): void {
    clearInterval(this.#timer);
    this.#isNotifying = false; // This one must go out, whatever is still under way.
    this.#notify(['STOPPING=1', `--status=${status}`]);
  }

  #notify(args: readonly string[]): void {
    const { environment, command = 'systemd-notify', log } = this.#options;
    const socket = environment['NOTIFY_SOCKET'] ?? '';
    if (socket === '' || this.#isMissing || this.#isNotifying) return;
    this.#isNotifying = true;
    const env = { PATH: environment['PATH'], NOTIFY_SOCKET: socket };
    const failed = (error: unknown): void => {
      this.#isNotifying = false;
      this.#isMissing = isAbsent(error);
      const what = this.#isMissing
        ? 'systemd cannot be told that the gateway is ready; use Type=exec'
        : 'systemd was not told how the gateway is; it is tried again';
      log.warn({ err: error }, what);
    };
    try {
      const child = spawn(command, args, { env, stdio: 'ignore', timeout: NOTIFY_TIMEOUT_MS });
      child.once('error', failed);
      child.once('exit', () => {
        this.#isNotifying = false;
      });
    } catch (error) {
      failed(error); // ENOMEM is thrown.
    }
  }
}

/** No such program, or none that may be run; anything else (no process, file or memory was free) passes. */
function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ENOENT' || code === 'EACCES';
}

/** Half of what systemd allows, as sd_watchdog_enabled(3) advises; null when it does not watch this process. */
function watchdogPeriodMs(environment: Environment): number | null {
  const limitMs = Number(environment['WATCHDOG_USEC'] ?? '') / 1000;
  const pid = environment['WATCHDOG_PID'];
  if (!(limitMs > 0) || (pid !== undefined && Number(pid) !== process.pid)) return null;
  return Math.max(MIN_PERIOD_MS, limitMs / 2);
}

/**
 * What is wrong with how this process was started, and the fix; null when nothing is. As somebody
 * else's cluster worker it could fork no workers of its own.
 */
export function clusterModeProblem(isPrimary: boolean = cluster.isPrimary): string | null {
  return isPrimary
    ? null
    : 'started as a cluster worker (PM2 cluster mode?), but the gateway forks its own workers: ' +
        "use exec_mode: 'fork' and instances: 1, or: pm2 start ecosystem.config.cjs";
}
