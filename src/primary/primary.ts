/**
 * Lifecycle of the primary: check, lock the port, start the tree, say so, watch, and take everything
 * down in order. It serves no traffic itself.
 */
import { parseArgs } from 'node:util';
import { ConfigError, formatProblems } from '../../config/problem.js';
import { loadConfig, type LoadedConfig } from '../../config/load.js';
import { EXIT } from '../kernel/exit-codes.js';
import { logForgottenRejections } from '../telemetry/forgotten-rejections.js';
import { composePrimary, type Primary } from './compose.js';
import { clusterModeProblem } from './ready-signal.js';
import { startFailure } from './start-failure.js';

/** `argv` without node and script: `[--config FILE] [--check-config]`. Ends the process itself. */
export async function runPrimary(argv: readonly string[]): Promise<void> {
  const problem = clusterModeProblem();
  if (problem !== null) {
    process.stderr.write(`multi-mcp: ${problem}\n`);
    process.exit(EXIT.config);
  }
  const { path, isCheck } = argumentsOrExit(argv);
  const early: NodeJS.Signals[] = [];
  // What is read from here on may have changed by then.
  process.once('SIGHUP', (signal) => early.push(signal));
  const loaded = loadOrExit(path);
  if (isCheck) {
    process.stdout.write(`${loaded.config.configPath ?? 'configuration'} is valid\n`);
    process.exit(EXIT.ok);
  }
  let primary: Primary;
  try {
    primary = await composePrimary(loaded, () => loadConfig({ path }));
  } catch (thrown) {
    exitBecause(thrown);
  }
  logForgottenRejections(() => primary.log);
  installSignals(primary, loaded.config.http.drainTimeoutMs);
  if (early.length > 0) primary.reload();
  try {
    await primary.start();
  } catch (thrown) {
    await primary.stop(0);
    exitBecause(thrown);
  }
}

interface Arguments {
  readonly path: string | undefined;
  readonly isCheck: boolean;
}

/** Strict: a start with a misspelt `--check-config`, or with another file than the one that was meant, must not happen. */
function argumentsOrExit(argv: readonly string[]): Arguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { config: { type: 'string' }, 'check-config': { type: 'boolean' } },
    });
    return { path: values.config, isCheck: values['check-config'] === true };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    process.stderr.write(`multi-mcp: ${reason}. It takes: [--config FILE] [--check-config]\n`);
    process.exit(EXIT.usage);
  }
}

function loadOrExit(path: string | undefined): LoadedConfig {
  try {
    const loaded = loadConfig({ path });
    if (loaded.warnings.length > 0) {
      process.stderr.write(`${formatProblems(loaded.warnings, { color: process.stderr.isTTY })}\n`);
    }
    return loaded;
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    process.stderr.write(`${formatProblems(thrown.problems, { color: process.stderr.isTTY })}\n`);
    process.exit(EXIT.config);
  }
}

function installSignals(primary: Primary, drainTimeoutMs: number): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      primary.log.warn({ signal }, 'second signal: ending at once');
      void primary.stopNow().then(() => process.exit(EXIT.ok));
      return;
    }
    isStopping = true;
    void primary.stop(drainTimeoutMs, signal).then(() => process.exit(EXIT.ok));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Without a listener it ends the process, and a terminal that closes sends it to the whole group.
  process.on('SIGHUP', () => {
    primary.reload();
  });
  process.on('SIGUSR2', () => {
    primary.dumpState();
  });
}

function exitBecause(thrown: unknown): never {
  const { message, exitCode } = startFailure(thrown);
  process.stderr.write(`multi-mcp: ${message}\n`);
  process.exit(exitCode);
}
