/**
 * Lifecycle of one upstream host: waits for its start message, serves, reports once a second, drains.
 * When the primary is gone it ends its children and itself; no signal but SIGKILL makes it break off
 * earlier, because workers that still drain need it.
 */
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import {
  isPrimaryToHost,
  STATUS_INTERVAL_MS,
  type HostStart,
  type HostToPrimary,
  type PrimaryToHost,
} from '../ipc/host-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { EXIT } from '../kernel/exit-codes.js';
import { logForgottenRejections } from '../telemetry/forgotten-rejections.js';
import { createProgramLog, type LogOptions, type ProgramLog } from '../telemetry/log.js';
import { ProcessReporter } from '../telemetry/process-reporter.js';
import { composeHost, moduleFiles, type Host } from './compose.js';
import { LoopWatch } from './loop-watch.js';
import { moduleAtFault } from './module-at-fault.js';
import { SWEEP_INTERVAL_MS } from './endpoint-options.js';

/** Workers drain for up to 5 s when the primary vanished; their last calls still come here. */
const ORPHAN_DRAIN_MS = 6_000;
/** With that, nothing is left 10 s after the primary's end (fault matrix). */
const ORPHAN_RELEASE_MS = 3_000;
/** Children get 2 s after the end of input and 5 s after TERM. */
const RELEASE_LIMIT_MS = 9_000;
/** When there is no time: what can be asked in order, and the rest is killed. */
const HASTY_RELEASE_MS = 500;
/** A module that takes longer to load is shown as loading; the host serves the others meanwhile. */
const MODULES_SETTLE_MS = 5_000;

/** How long the reason of a failed start may take to be written. */
const LAST_WORDS_MS = 1_000;

/** Call once, in a process forked by the primary. */
export function runHost(): void {
  new HostProcess().run();
}

class HostProcess {
  #host: Host | null = null;
  #programLog: ProgramLog | null = null;
  #loopWatch: LoopWatch | null = null;
  #isDraining = false;
  /** By our own decision. */
  #isExiting = false;
  /** Arrived while the host was composed. */
  #pending: Extract<PrimaryToHost, { readonly type: 'host-config' }> | null = null;
  #releaseTimer: NodeJS.Timeout | undefined;

  run(): void {
    // Ctrl-C and a closed terminal reach the whole process group; the primary decides what they mean.
    process.on('SIGINT', () => undefined);
    process.on('SIGHUP', () => undefined);
    process.on('SIGUSR2', () => undefined);
    process.on('SIGTERM', () => undefined);
    process.on('disconnect', () => void this.#drain(ORPHAN_DRAIN_MS, ORPHAN_RELEASE_MS));
    // Modules run here too: what one forgets must not end the sessions of every other server.
    logForgottenRejections(
      () => this.#programLog?.log ?? null,
      (thrown) => this.#atFault(thrown).server ?? null,
    );
    process.on('uncaughtException', (thrown) => {
      this.#crash(thrown);
    });
    process.on('exit', (code) => {
      if (!this.#isExiting) this.#endedByModule(code);
    });
    process.on('message', (message) => {
      if (!isPrimaryToHost(message)) return;
      if (message.type === 'host-start') void this.#start(message);
      else if (message.type === 'host-drain') {
        const { timeoutMs } = message;
        void this.#drain(timeoutMs, timeoutMs === 0 ? HASTY_RELEASE_MS : RELEASE_LIMIT_MS);
      } else if (message.type === 'host-credential-changed') {
        this.#host?.forgetCredential(message.server, message.user);
      } else if (message.type === 'host-config') {
        this.#pending = message;
        this.#applyConfig();
      } else if (message.type === 'host-log-level') this.#programLog?.setLevel(message.level);
      else if (message.type === 'host-restart-server') this.#host?.restartServer(message.server);
      else this.#programLog?.reopen();
    });
  }

  async #start(start: HostStart): Promise<void> {
    try {
      const config = start.config as Config;
      const logOptions: LogOptions = {
        level: config.logLevel,
        file: join(config.logDir, 'multi-mcp-production.log'),
        terminal: process.stdout.isTTY ? 'pretty' : config.logToStdout ? 'json' : null,
        processName: `host-${start.hostIndex}`,
      };
      this.#programLog = createProgramLog(logOptions);
      const modules = moduleFiles(config, start.hostIndex);
      this.#loopWatch = await LoopWatch.start({ log: logOptions, modules });
      const host = await composeHost(start, this.#programLog.log);
      this.#host = host;
      this.#applyConfig();
      await host.settled(MODULES_SETTLE_MS);
      await host.server.listen();
      send({ type: 'host-ready', pid: process.pid, servers: host.status() });
      const reporter = new ProcessReporter();
      setInterval(() => {
        send({
          type: 'host-status',
          inFlight: host.server.inFlight,
          removed: host.takeRemoved(),
          droppedLogLines: this.#programLog?.dropped() ?? 0,
          servers: host.status(),
          ...reporter.takeDue(monotonicMs()),
        });
      }, STATUS_INTERVAL_MS);
      setInterval(() => {
        host.sweep(monotonicMs());
      }, SWEEP_INTERVAL_MS);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      // An exit would drop a message that the channel has not written yet.
      setTimeout(() => {
        this.#exit(EXIT.software);
      }, LAST_WORDS_MS);
      send({ type: 'host-failed', reason }, () => {
        this.#exit(EXIT.software);
      });
    }
  }

  #applyConfig(): void {
    if (this.#host === null || this.#pending === null) return;
    const { version } = this.#pending;
    const config = this.#pending.config as Config;
    this.#pending = null;
    if (!this.#isDraining) this.#host.apply(config);
    this.#loopWatch?.watch(this.#host.modules());
    send({ type: 'host-config-applied', version });
  }

  /** Refuse what is new → finish what runs → end children and modules → exit. Again with 0: at once. */
  async #drain(timeoutMs: number, releaseLimitMs: number): Promise<void> {
    const host = this.#host;
    if (host === null) {
      this.#exit(EXIT.ok);
      return;
    }
    if (this.#isDraining) {
      if (timeoutMs === 0) this.#limitRelease(host, releaseLimitMs);
      return;
    }
    this.#isDraining = true;
    await host.server.drain(timeoutMs);
    this.#limitRelease(host, releaseLimitMs);
    await host.release();
    this.#programLog?.flush();
    this.#exit(EXIT.ok);
  }

  #limitRelease(host: Host, limitMs: number): void {
    clearTimeout(this.#releaseTimer);
    this.#releaseTimer = setTimeout(() => {
      host.abandon();
      this.#programLog?.log.warn('not everything ended in time; the rest was killed');
      this.#programLog?.flush();
      this.#exit(EXIT.ok);
    }, limitMs);
  }

  /** Nothing can be trusted after an uncaught exception; the primary starts another host. */
  #crash(thrown: unknown): void {
    const server = this.#atFault(thrown);
    this.#programLog?.log.fatal({ ...server, err: thrown }, 'upstream host crashed');
    this.#abandon();
    this.#exit(EXIT.software);
  }

  /** From inside its call of process.exit, which so stands in the stack. */
  #endedByModule(code: number): void {
    Error.stackTraceLimit = Infinity; // A library of the module may have called it.
    const err = new Error('process.exit was called here');
    const server = this.#atFault(err);
    this.#programLog?.log.fatal({ code, ...server, err }, 'a module ended the upstream host');
    this.#abandon();
  }

  #atFault(thrown: unknown): { readonly server?: string } {
    const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
    const server = moduleAtFault(stack, this.#host?.modules() ?? new Map());
    return server === null ? {} : { server };
  }

  #abandon(): void {
    this.#host?.abandon();
    this.#programLog?.flush();
  }

  #exit(code: number): void {
    this.#isExiting = true;
    process.exit(code);
  }
}

function send(message: HostToPrimary, onSent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, onSent);
}
