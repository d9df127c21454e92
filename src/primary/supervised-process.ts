/**
 * One place in the process tree that must always be filled: forks a process, gives it its start
 * message, watches its heartbeat, and replaces it when it ends. Worker and upstream host places differ
 * only in what is passed in.
 *
 *   starting ──ready──► running ──exit──► waiting ──delay──► starting …      stop() → stopped
 */
import type { ChildProcess } from 'node:child_process';
import type { Logger } from 'pino';
import { monotonicMs } from '../kernel/clock.js';
import { Heartbeat } from '../policy/heartbeat.js';
import { RespawnPlan } from '../policy/respawn-plan.js';

export interface SupervisedProcessOptions {
  /** For the log: `worker 2`, `upstream host 0`. */
  readonly name: string;
  readonly fork: () => ChildProcess;
  readonly startMessage: () => unknown;
  /**
   * True for the message with which the child asks for its start message; absent, it is sent at once. A
   * cluster worker loses what arrives before its own listener stands: node:cluster has one that drops it.
   */
  readonly isHello?: (message: unknown) => boolean;
  /** True for the message that says it serves. */
  readonly isReady: (message: unknown) => boolean;
  readonly onMessage: (message: unknown) => void;
  /** After a death and before the replacement: what the dead one held is free now. */
  readonly onExit: () => void;
  readonly startTimeoutMs: number;
  /** Without a message for this long it is taken for hung and killed. */
  readonly heartbeatTimeoutMs: number;
  readonly log: Logger;
  /** Of the places this one takes over from. Default 0. */
  readonly restartsBefore?: number;
}

const JUDGE_EVERY_MS = 1000;

export type ProcessState = 'starting' | 'running' | 'waiting' | 'stopped';

export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  readonly #plan = new RespawnPlan();
  #state: ProcessState = 'waiting';
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | undefined;
  #restarts: number;
  #isInLoop = false;
  /** Before its hello the present child may lose what is sent to it. */
  #hears = false;
  #isStopping = false;
  #onReady: (() => void)[] = [];
  #onExit: (() => void)[] = [];
  #onStopped: (() => void)[] = [];

  constructor(options: SupervisedProcessOptions) {
    this.#options = options;
    this.#restarts = options.restartsBefore ?? 0;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get isInLoop(): boolean {
    return this.#isInLoop;
  }

  start(): void {
    if (this.#isStopping) return;
    this.#state = 'starting';
    const { fork, startMessage, startTimeoutMs, heartbeatTimeoutMs, log, name } = this.#options;
    let child: ChildProcess;
    try {
      child = fork();
    } catch (error) {
      // ENOMEM and the like; what is scarcest now may be there at the next attempt.
      log.error({ err: error }, `${name} cannot be started`);
      this.#exited(null, null);
      return;
    }
    this.#child = child;
    this.#hears = this.#options.isHello === undefined;
    const heartbeat = new Heartbeat(JUDGE_EVERY_MS, monotonicMs());
    child.on('message', (message: unknown) => {
      if (child !== this.#child) return;
      heartbeat.seen(monotonicMs());
      if (this.#options.isHello?.(message) === true) {
        this.#hears = true;
        this.send(startMessage() as object);
      }
      if (this.#state === 'starting' && this.#options.isReady(message)) this.#becomeReady();
      this.#options.onMessage(message);
    });
    // 'exit', never 'disconnect': at disconnect a killed process's sockets may still be open (measured).
    child.once('exit', (code, signal) => {
      this.#exited(code, signal);
    });
    child.on('error', (error) => {
      if (child.pid !== undefined) {
        log.error({ err: error }, `${name} cannot be reached`);
      } else if (child === this.#child) {
        // No file descriptor or process was free (EMFILE, EAGAIN): what never was does not exit.
        log.error({ err: error }, `${name} cannot be started`);
        this.#exited(null, null);
      }
    });
    if (this.#hears) this.send(startMessage() as object);
    this.#timer = setInterval(() => {
      const limitMs = this.#state === 'starting' ? startTimeoutMs : heartbeatTimeoutMs;
      if (!heartbeat.isSilent(monotonicMs(), limitMs)) return;
      log.error({ childPid: child.pid }, `${name} does not answer; killing it`);
      child.kill('SIGKILL');
    }, JUDGE_EVERY_MS);
  }

  send(message: object): void {
    const child = this.#child;
    if (child?.connected !== true) return;
    // With a callback no 'error' event is emitted: node:cluster hands that on to a Worker object that has
    // no listener, and a write to a worker killed a moment ago (EPIPE) would end the primary (seen).
    child.send(message, (error) => {
      if (error !== null) this.#options.log.debug({ err: error }, `${this.#options.name} is gone`);
    });
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Resolves at the next readiness; at once when running. */
  ready(): Promise<void> {
    if (this.#state === 'running') return Promise.resolve();
    return new Promise((resolve) => this.#onReady.push(resolve));
  }

  /** Whether the present process gets ready: false when it ends before. */
  async startsWell(): Promise<boolean> {
    const ended = new Promise<false>((resolve) => {
      this.#onExit.push(() => {
        resolve(false);
      });
    });
    return Promise.race([this.ready().then(() => true as const), ended]);
  }

  /** Sends `message`, waits for the exit, kills after `timeoutMs`, or at once where it cannot hear. Never rejects. */
  async stop(message: object, timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    if (this.#child === null) {
      this.#settle();
      return;
    }
    const stopped = new Promise<void>((resolve) => this.#onStopped.push(resolve));
    // It has nothing to drain yet, and would be waited for to the last millisecond.
    if (this.#hears) this.send(message);
    else this.kill();
    const timer = setTimeout(() => {
      this.#options.log.warn(`${this.#options.name} did not stop in time; killing it`);
      this.kill();
    }, timeoutMs);
    await stopped;
    clearTimeout(timer);
  }

  #becomeReady(): void {
    this.#state = 'running';
    for (const resolve of this.#onReady.splice(0)) resolve();
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    clearInterval(this.#timer);
    const childPid = this.pid;
    this.#child = null;
    this.#options.onExit();
    for (const resolve of this.#onExit.splice(0)) resolve();
    if (this.#isStopping) {
      this.#settle();
      return;
    }
    const { delayMs, isLoop } = this.#plan.afterDeath(monotonicMs(), Math.random);
    this.#state = 'waiting';
    this.#restarts += 1;
    this.#isInLoop = isLoop;
    const { log, name } = this.#options;
    const facts = { childPid, code, signal, delayMs: Math.round(delayMs) };
    if (isLoop) log.fatal(facts, `${name} keeps dying; it is restarted more slowly`);
    else log.error(facts, `${name} ended unexpectedly; restarting it`);
    this.#timer = setTimeout(() => {
      this.start();
    }, delayMs);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#state = 'stopped';
    for (const resolve of this.#onStopped.splice(0)) resolve();
  }
}
