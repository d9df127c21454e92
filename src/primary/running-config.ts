/**
 * The configuration that the gateway runs on, and what became of the last attempt to change it. Versions
 * count from 1 at the start; every process reports the one it serves by.
 */
import type { Config } from '../../config/config.js';
import { wallDate } from '../kernel/clock.js';
import type { MetricFamily } from '../telemetry/metric-family.js';

export interface LastReload {
  readonly ok: boolean;
  readonly at: Date;
  /** What it changed, or what is wrong. */
  readonly summary: string;
}

export class RunningConfig {
  #config: Config;
  #version = 1;
  #appliedAt = wallDate();
  #last: LastReload | null = null;
  #succeeded = 0;
  #failed = 0;

  constructor(config: Config) {
    this.#config = config;
  }

  get config(): Config {
    return this.#config;
  }

  get version(): number {
    return this.#version;
  }

  /** Returns the new version. */
  replace(config: Config): number {
    this.#config = config;
    this.#version += 1;
    this.#appliedAt = wallDate();
    return this.#version;
  }

  reloaded(ok: boolean, summary: string): void {
    this.#last = { ok, at: wallDate(), summary };
    if (ok) this.#succeeded += 1;
    else this.#failed += 1;
  }

  /** For `/health` and the state dump. */
  document(): Readonly<Record<string, unknown>> {
    return {
      version: this.#version,
      file: this.#config.configPath,
      appliedAt: this.#appliedAt.toISOString(),
      lastReload: this.#last,
    };
  }

  metrics(): readonly MetricFamily[] {
    const one = (value: number) => [{ labels: {}, value }];
    return [
      {
        name: 'multi_mcp_config_version',
        help: 'Counts the configurations applied since the start, the first being 1.',
        labels: [],
        samples: () => one(this.#version),
      },
      {
        name: 'multi_mcp_config_reloads_total',
        type: 'counter',
        help: 'Reloads of the configuration by result.',
        labels: ['result'],
        samples: () => [
          { labels: { result: 'success' }, value: this.#succeeded },
          { labels: { result: 'failure' }, value: this.#failed },
        ],
      },
      {
        name: 'multi_mcp_config_last_reload_successful',
        help: '0 while the configuration file holds what was not applied.',
        labels: [],
        samples: () => one(this.#last?.ok === false ? 0 : 1),
      },
      {
        name: 'multi_mcp_config_last_reload_success_timestamp_seconds',
        help: 'When the present configuration was applied.',
        labels: [],
        samples: () => one(this.#appliedAt.getTime() / 1000),
      },
    ];
  }
}
