/**
 * A typed façade over piscina: the only file that knows it. Every run has a deadline, after which a thread
 * stuck in the task is ended and replaced. Threads are started at once, so the first burst does not wait.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { ThreadTask } from './tasks.js';

export interface ThreadPoolOptions {
  /** Default 1: a worker process is one of many, and the tasks are short. */
  readonly threads?: number;
  readonly deadlineMs: number;
  /** Runs that may wait for a thread; further ones reject at once. */
  readonly maxQueue: number;
}

export interface ThreadPool<Input, Output> {
  /** Rejects with ThreadPoolError past the deadline, when the queue is full, or after close. */
  run(input: Input): Promise<Output>;
  /** Ends the threads; runs under way reject. */
  close(): Promise<void>;
}

export class ThreadPoolError extends Error {
  override readonly name = 'ThreadPoolError';
}

/** The caller closes the pool. */
export function createThreadPool<Input, Output>(
  task: ThreadTask<Input, Output>,
  options: ThreadPoolOptions,
): ThreadPool<Input, Output> {
  const { threads = 1, deadlineMs, maxQueue } = options;
  const piscina = new Piscina<Input, Output>({
    filename: taskFile(task.name),
    minThreads: threads,
    maxThreads: threads,
    // By default an idle thread parks in Atomics.wait, which blocks whatever else lives in it.
    atomics: 'disabled',
    // Threads inherit no secrets that they were not handed.
    env: {},
  });
  // A thread that dies while idle is replaced by piscina; its runs reject on their own.
  piscina.on('error', () => undefined);
  let isClosed = false;
  let underWay = 0;
  return {
    async run(input) {
      // A destroyed piscina would start new threads that nobody ends (seen in 5.3.2).
      if (isClosed) throw new ThreadPoolError(`${task.name}: the pool is closed`);
      // piscina's own maxQueue does not count runs that carry a signal (seen in 5.3.2).
      if (underWay >= threads + maxQueue) {
        throw new ThreadPoolError(`${task.name}: ${maxQueue} runs are waiting already`);
      }
      underWay += 1;
      try {
        return await piscina.run(input, { signal: AbortSignal.timeout(deadlineMs) });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new ThreadPoolError(`${task.name}: ${reason}`, { cause });
      } finally {
        underWay -= 1;
      }
    },
    close() {
      isClosed = true;
      return piscina.destroy();
    },
  };
}

/** Beside the compiled program lies compiled JavaScript, beside the source lies TypeScript. */
function taskFile(name: string): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(`../../workers/${name}${extname(here)}`, here));
}
