/** The few settings commands need, from the same file and environment the gateway reads. */
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { inspectConfig, loadConfig } from '../../config/load.js';
import type { CliContext } from './context.js';

export interface CliSettings {
  readonly config: Config;
  readonly socketPath: string;
  /** Where clients reach the gateway; no slash at its end. */
  readonly url: string;
  /** Names of the servers that are switched on. */
  readonly servers: readonly string[];
}

/** Throws ConfigError. */
export function loadSettings(context: CliContext): CliSettings {
  const { config } = loadConfig({ path: context.configPath });
  const enabled = Object.values(config.servers).filter((server) => server.enabled);
  return {
    config,
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
