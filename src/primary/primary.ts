/**
 * Lifecycle of the primary: check, lock the port, start the tree, say so, watch, and take everything
 * down in order. It serves no traffic itself.
 */
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
  const loaded = loadOrExit(argv);
  if (argv.includes('--check-config')) {
    process.stdout.write(`${loaded.config.configPath ?? 'configuration'} is valid\n`);
    process.exit(EXIT.ok);
  }
  let primary: Primary;
  try {
    primary = await composePrimary(loaded, () => loadConfig({ path: pathOf(argv) }));
  } catch (thrown) {
    exitBecause(thrown);
  }
  logForgottenRejections(() => primary.log);
  installSignals(primary, loaded.config.http.drainTimeoutMs);
  try {
    await primary.start();
  } catch (thrown) {
    await primary.stop(0);
    exitBecause(thrown);
  }
}

function loadOrExit(argv: readonly string[]): LoadedConfig {
  try {
    const loaded = loadConfig({ path: pathOf(argv) });
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

function pathOf(argv: readonly string[]): string | undefined {
  const index = argv.indexOf('--config');
  return index === -1 ? undefined : argv[index + 1];
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
