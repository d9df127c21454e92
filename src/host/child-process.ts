/**
 * One child process in a process group of its own, from spawn to the end of everything it started.
 * Closing it is a ladder: end of stdin → (stdinCloseMs) → SIGTERM to the group → (terminateMs) →
 * SIGKILL to the group. When the leader exits, for whatever reason, the rest of its group is killed at
 * once: wrappers such as npx and uvx otherwise leave grandchildren behind (metamcp #128, #162).
 * A grandchild that made a session of its own (setsid) escapes; only a cgroup could hold it.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

export interface ChildSpec {
  /** A name looked up on the child's own PATH, or an absolute path. Never passed through a shell. */
  readonly command: string;
  readonly args: readonly string[];
  /** Null: the gateway's own. */
  readonly cwd: string | null;
  /** All of the child's environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ChildTiming {
  /** From the end of its stdin to SIGTERM. */
  readonly stdinCloseMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly terminateMs: number;
}

/** The SDK waits as long for an orderly end; RELIABILITY §4 gives 5 s to SIGTERM. */
export const DEFAULT_CHILD_TIMING: ChildTiming = { stdinCloseMs: 2000, terminateMs: 5000 };

export type ChildEnd =
  | { readonly kind: 'spawn-failed'; readonly error: NodeJS.ErrnoException }
  | {
      readonly kind: 'exited';
      readonly exitCode: number | null;
      readonly signal: NodeJS.Signals | null;
    };

export interface ChildListener {
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
  /** The child takes bytes again after `write` said no. */
  onDrain(): void;
  /** It lives on with this pipe closed: nothing can be asked, or heard, of it any more. At most once. */
  onCutOff(pipe: 'stdin' | 'stdout'): void;
  /** Called once, never from inside the constructor; its output was read to the end before. */
  onEnd(end: ChildEnd): void;
}

/** How long output may still be read after the exit, when an escaped grandchild holds the pipe open. */
const OUTPUT_AFTER_EXIT_MS = 500;
/** An orderly exit closes the pipes first; who is still there then has cut itself off. Chosen. */
const EXIT_AFTER_PIPE_MS = 2000;
/** A process in uninterruptible sleep outlives SIGKILL; waiting for it longer helps nobody. */
const AFTER_KILL_MS = 5000;

export class ChildProcess {
  readonly #listener: ChildListener;
  readonly #timing: ChildTiming;
  readonly #child: ChildProcessWithoutNullStreams | null;
  readonly #ended: Promise<void>;
  #resolveEnded: () => void = () => undefined;
  #hasEnded = false;
  #isFlushing = false;
  #isClosing = false;
  #timer: NodeJS.Timeout | null = null;
  #cutOffTimer: NodeJS.Timeout | null = null;

  constructor(spec: ChildSpec, timing: ChildTiming, listener: ChildListener) {
    this.#listener = listener;
    this.#timing = timing;
    this.#ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#child = this.#spawn(spec);
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Bytes written and not yet taken by the child. */
  get queuedBytes(): number {
    return this.#child?.stdin.writableLength ?? 0;
  }

  /** Whether `onDrain` is still to come. */
  get isFull(): boolean {
    return this.#child?.stdin.writableNeedDrain ?? false;
  }

  /** False: the child is slow to read; `onDrain` follows. What is written in one turn leaves in one system call. */
  write(bytes: Buffer): boolean {
    const stdin = this.#child?.stdin;
    if (stdin === undefined || this.#isClosing || this.#hasEnded || !stdin.writable) return true;
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      stdin.cork();
      process.nextTick(() => {
        this.#isFlushing = false;
        stdin.uncork();
      });
    }
    stdin.write(bytes);
    return !stdin.writableNeedDrain;
  }

  /** Stops reading stderr for a while: a child that floods it is slowed down instead of us. */
  pauseStderr(forMs: number): void {
    const stderr = this.#child?.stderr;
    if (stderr === undefined) return;
    stderr.pause();
    setTimeout(() => {
      stderr.resume();
    }, forMs).unref();
  }

  /** Walks down the ladder; resolves after the end. Idempotent. */
  close(): Promise<void> {
    if (this.#isClosing || this.#hasEnded) return this.#ended;
    this.#isClosing = true;
    this.#child?.stdin.end();
    this.#after(this.#timing.stdinCloseMs, () => {
      this.#signalGroup('SIGTERM');
      this.#after(this.#timing.terminateMs, () => {
        this.#killNow();
      });
    });
    return this.#ended;
  }

  /** Straight to SIGKILL, and no more output: for a child that broke the protocol. */
  kill(): Promise<void> {
    if (this.#hasEnded) return this.#ended;
    this.#isClosing = true;
    this.#child?.stdout.destroy();
    this.#child?.stderr.destroy();
    this.#killNow();
    return this.#ended;
  }

  #spawn(spec: ChildSpec): ChildProcessWithoutNullStreams | null {
    try {
      const child = spawn(spec.command, spec.args, {
        ...(spec.cwd !== null && { cwd: spec.cwd }),
        env: { ...spec.env },
        shell: false,
        detached: true, // setsid: a group of its own, which can be killed as a whole.
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      child.once('error', (error) => {
        // Also emitted for a signal that could not be sent; only without a pid there is no child.
        if (child.pid === undefined) this.#end({ kind: 'spawn-failed', error });
      });
      // Without a free file descriptor there are no pipes to watch either.
      if (child.pid === undefined) return null;
      this.#watch(child);
      return child;
    } catch (thrown) {
      // Arguments that cannot be passed on (a NUL byte, more than the kernel takes).
      const error: NodeJS.ErrnoException =
        thrown instanceof Error ? thrown : new Error(String(thrown));
      process.nextTick(() => {
        this.#end({ kind: 'spawn-failed', error });
      });
      return null;
    }
  }

  #watch(child: ChildProcessWithoutNullStreams): void {
    child.stdout.on('data', (chunk: Buffer) => {
      this.#listener.onStdout(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#listener.onStderr(chunk);
    });
    child.stdin.on('drain', () => {
      this.#listener.onDrain();
    });
    // EPIPE: it closed its stdin.
    child.stdin.on('error', () => undefined);
    child.stdin.once('close', () => {
      this.#onPipeClosed('stdin');
    });
    child.stdout.once('end', () => {
      this.#onPipeClosed('stdout');
    });
    child.stdout.on('error', () => undefined);
    child.stderr.on('error', () => undefined);
    child.once('exit', (exitCode, signal) => {
      // The group may be signalled now and never later: its number is free once it is empty.
      this.#signalGroup('SIGKILL');
      const end: ChildEnd = { kind: 'exited', exitCode, signal };
      child.once('close', () => {
        this.#end(end);
      });
      this.#after(OUTPUT_AFTER_EXIT_MS, () => {
        child.stdin.destroy();
        child.stdout.destroy();
        child.stderr.destroy();
        this.#end(end);
      });
    });
  }

  /** Mostly the first sign of its end, which comes within moments. */
  #onPipeClosed(pipe: 'stdin' | 'stdout'): void {
    const isExpected = (): boolean =>
      this.#isClosing || this.#hasEnded || this.#child?.exitCode !== null;
    if (isExpected() || this.#cutOffTimer !== null) return;
    this.#cutOffTimer = setTimeout(() => {
      if (!isExpected()) this.#listener.onCutOff(pipe);
    }, EXIT_AFTER_PIPE_MS);
  }

  #killNow(): void {
    this.#signalGroup('SIGKILL');
    this.#after(AFTER_KILL_MS, () => {
      this.#child?.unref();
      this.#end({ kind: 'exited', exitCode: null, signal: 'SIGKILL' });
    });
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#hasEnded) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // ESRCH: the group is empty already.
    }
  }

  /** One timer at a time: each rung of the ladder replaces the one before. */
  #after(delayMs: number, act: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = this.#hasEnded ? null : setTimeout(act, delayMs);
  }

  #end(end: ChildEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#cutOffTimer !== null) clearTimeout(this.#cutOffTimer);
    this.#listener.onEnd(end);
    this.#resolveEnded();
  }
}
