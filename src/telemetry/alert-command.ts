/**
 * Alerts to a program of the operator's, started anew for each: the alert is one line of JSON on its
 * standard input, exit 0 means delivered. No shell, none of the gateway's environment but what is passed
 * in, and its whole process group is killed at the deadline.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { AlertSinkError, type AlertSink } from './alert-sink.js';

export interface AlertCommandOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
}

const MAX_STDERR_CHARS = 300;

export function createAlertCommand(options: AlertCommandOptions): AlertSink {
  return {
    name: 'command',
    deliver: (notice) =>
      new Promise((resolve, reject) => {
        const child = spawn(options.file, options.args, {
          env: options.env,
          detached: true,
          stdio: ['pipe', 'ignore', 'pipe'],
        });
        const timer = setTimeout(() => {
          killGroup(child);
          reject(new AlertSinkError(`it did not end within ${options.timeoutMs} ms`, false));
        }, options.timeoutMs);
        child.once('error', (error: NodeJS.ErrnoException) => {
          clearTimeout(timer);
          reject(new AlertSinkError(`it cannot be started (${error.code ?? error.name})`, false));
        });
        // It has no pipes where no file descriptor was free; the error is on its way.
        if (child.pid === undefined) return;
        let said = '';
        child.stderr.on('data', (chunk: Buffer) => {
          if (said.length < MAX_STDERR_CHARS) said += chunk.toString('utf8');
        });
        // A program that does not read its input is none of our errors.
        child.stdin.on('error', () => undefined);
        child.stdin.end(`${JSON.stringify(notice)}\n`);
        child.once('close', (code, signal) => {
          clearTimeout(timer);
          if (code === 0) resolve();
          else reject(new AlertSinkError(`it ended with ${code ?? signal}${quoted(said)}`, false));
        });
      }),
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}

function quoted(said: string): string {
  const line = said.trim().split('\n').at(-1)?.slice(0, MAX_STDERR_CHARS) ?? '';
  return line === '' ? '' : `: ${line.replace(/\p{Cc}/gu, '\ufffd')}`;
}
