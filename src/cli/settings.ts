/** The few settings commands need, from the same file and environment the gateway reads. */
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { inspectConfig } from '../../config/load.js';
import { ConfigError, oneLine } from '../../config/problem.js';
import type { CliContext } from './context.js';

export interface CliSettings {
  /** With problems in the file: what could be read of it, and defaults. Enough to find the running gateway. */
  readonly config: Config;
  /** For what is done without a gateway. Throws ConfigError while anything is wrong with the file. */
  checkedConfig(): Config;
  readonly socketPath: string;
  /** Where clients reach the gateway; no slash at its end. */
  readonly url: string;
  /** Names of the servers that are switched on. */
  readonly servers: readonly string[];
}

/**
 * A gateway that runs is asked whatever is wrong with the file by now: while somebody edits it, keys are revoked and
 * health is asked for all the same. The first problem goes to standard error. Throws ConfigError without a readable file.
 */
export function loadSettings(context: CliContext): CliSettings {
  const { config, problems } = inspectConfig({ path: context.configPath });
  const enabled = Object.values(config.servers).filter((server) => server.enabled);
  const [problem] = problems;
  if (problem !== undefined) context.err(`warning: ${oneLine(problem)}; see: multi-mcp validate\n`);
  return {
    config,
    checkedConfig: () => {
      if (problems.length > 0) throw new ConfigError(problems);
      return config;
    },
    socketPath: join(config.dataDir, 'admin.sock'),
    url: config.publicUrl ?? loopbackUrl(config),
    servers: enabled.map(({ name }) => name),
  };
}

/** Of the running gateway, whatever is wrong with the file by now. Throws ConfigError without a readable one. */
export function adminSocketPath(context: CliContext): string {
  return join(inspectConfig({ path: context.configPath }).config.dataDir, 'admin.sock');
}

/** An address that works on this machine, whatever the gateway is bound to. */
export function loopbackUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
