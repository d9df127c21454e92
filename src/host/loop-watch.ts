/**
 * Tells which module holds the host's event loop. All modules run in it, so one that computes for ever stops every
 * server of the host, and the loop that could say so is the one that is held: a thread beside it watches.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LogOptions } from '../telemetry/log.js';

export interface LoopWatchOptions {
  readonly log: LogOptions;
  /** Server name to its module's file. */
  readonly modules: ReadonlyMap<string, string>;
}

/** What the thread is started with. */
export interface WatchedLoop extends LoopWatchOptions {
  /** One counter, which the loop moves on every BEAT_MS. */
  readonly beats: SharedArrayBuffer;
  readonly heldMs: number;
}

const BEAT_MS = 250;
/** For the thread; it takes some 100 ms on an idle machine. */
const START_TIMEOUT_MS = 5_000;
/** Well before the primary ends a host that is silent (5 s). Chosen. */
const HELD_MS = 2_500;

export class LoopWatch {
  readonly #thread: Worker;

  private constructor(thread: Worker) {
    this.#thread = thread;
  }

  /**
   * Resolves when the loop is watched, so that a module that hangs while it is loaded is named too; or when the thread
   * does not come: nothing depends on it. It lives as long as the process.
   */
  static async start(options: LoopWatchOptions): Promise<LoopWatch> {
    const here = import.meta.url;
    const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const workerData: WatchedLoop = { ...options, beats, heldMs: HELD_MS };
    // Beside the compiled program lies compiled JavaScript, beside the source lies TypeScript.
    const file = new URL(`./loop-watch-thread${extname(here)}`, here);
    const thread = new Worker(file, { workerData, env: {} });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, START_TIMEOUT_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      thread.once('message', done);
      thread.on('error', done);
    });
    thread.unref();
    const counter = new Int32Array(beats);
    setInterval(() => Atomics.add(counter, 0, 1), BEAT_MS).unref();
    return new LoopWatch(thread);
  }

  watch(modules: ReadonlyMap<string, string>): void {
    this.#thread.postMessage(modules);
  }
}
