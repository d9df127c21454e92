/**
 * A child process of a test: its output is kept (bounded), its end is awaited by event, and it and
 * everything below it are gone when the test ends.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { descendants, killAll, processRef, type ProcessRef } from './process-tree.js';
import { within } from './until.js';

/** Enough to read a start-up failure in; the middle of anything longer is of no use. */
const MAX_OUTPUT_CHARS = 200_000;
const KILL_DEADLINE_MS = 10_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface ChildProgram {
  readonly pid: number;
  /** Standard output and error, in order of arrival. */
  output(): string;
  stdout(): string;
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the first match on standard output or error; rejects when the program ends first. */
  untilOutput(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>;
  /** Every process below it now. */
  tree(): ProcessRef[];
  /** SIGKILL to it and everything below it, awaited. Idempotent. */
  destroy(): Promise<void>;
}

/** Ends what a test that crashed before its teardown would leave behind. */
const running = new Set<ChildProgram>();
process.once('exit', () => {
  for (const program of running) {
    const self = processRef(program.pid);
    killAll([...(self === undefined ? [] : [self]), ...program.tree()]);
  }
});

export function startProgram(options: ProgramOptions): ChildProgram {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    // Only what the test names: a variable of the developer's shell must not change a result.
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let stdout = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT_CHARS);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString('utf8')).slice(-MAX_OUTPUT_CHARS);
    keep(chunk);
  });
  child.stderr.on('data', keep);

  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject); // It never started.
    child.once('close', (code, signal) => {
      exit = { code, signal };
      running.delete(program);
      resolve(exit);
    });
  });
  exited.catch(() => undefined);
  const pid = child.pid ?? 0;

  // What was below it is remembered while it lives: orphans are no longer below anything.
  let known: ProcessRef[] = [];
  const tree = (): ProcessRef[] => {
    const now = descendants(pid);
    known = [...known, ...now];
    return now;
  };

  const program: ChildProgram = {
    pid,
    output: () => output,
    stdout: () => stdout,
    exited,
    hasExited: () => exit !== undefined,
    kill: (signal) => {
      child.kill(signal);
    },
    tree,
    async untilOutput(pattern, timeoutMs) {
      const search = new AbortController();
      const matched = (async () => {
        for (;;) {
          const match = pattern.exec(output);
          if (match !== null) return match;
          const { signal } = search;
          await Promise.race([
            once(child.stdout, 'data', { signal }),
            once(child.stderr, 'data', { signal }),
          ]);
        }
      })();
      matched.catch(() => undefined);
      const ended = exited.then(({ code, signal }) => {
        throw new Error(`ended (${code ?? signal ?? ''}) before ${String(pattern)}:\n${output}`);
      });
      try {
        return await within(timeoutMs, String(pattern), Promise.race([matched, ended]));
      } finally {
        search.abort();
      }
    },
    async destroy() {
      tree();
      const self = processRef(pid);
      killAll([...(self === undefined ? [] : [self]), ...known]);
      await within(KILL_DEADLINE_MS, `end of ${pid}`, exited).catch(() => undefined);
      killAll(known);
    },
  };
  running.add(program);
  return program;
}
