/**
 * `multi-mcp start`: runs the gateway in the foreground, as a process of its own, because the primary forks
 * its workers from the script that was started. Signals are passed on and its exit code is ours.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { CliContext } from './context.js';

export interface StartOptions {
  /** Only check that it could start. */
  readonly check?: boolean;
}

/** SIGINT apart: a terminal's Ctrl-C reaches the gateway itself, and a second one would mean "at once". */
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;

/** Resolves with the gateway's exit code, or 128 + signal as shells say it. */
export function start(
  context: CliContext,
  options: StartOptions,
  program = fileURLToPath(new URL('../main.js', import.meta.url)),
): Promise<number> {
  const args = [
    ...(context.configPath === undefined ? [] : ['--config', context.configPath]),
    ...(options.check === true ? ['--check-config'] : []),
  ];
  return new Promise((resolve, reject) => {
    const gateway = spawn(process.execPath, [program, ...args], { stdio: 'inherit' });
    const passOn = (signal: NodeJS.Signals) => {
      gateway.kill(signal);
    };
    const interrupt = () => {
      if (!process.stdin.isTTY) gateway.kill('SIGINT');
    };
    for (const signal of PASSED_ON) process.on(signal, passOn);
    process.on('SIGINT', interrupt);
    const settle = () => {
      for (const signal of PASSED_ON) process.off(signal, passOn);
      process.off('SIGINT', interrupt);
    };
    gateway.once('error', (error) => {
      settle();
      reject(error);
    });
    gateway.once('exit', (code, signal) => {
      settle();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
