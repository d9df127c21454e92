/**
 * Reload: read, compare, apply only what changed, tell. Nothing is touched unless the whole file is valid.
 * Servers registered at run time go the same way without the file being read. One after another; those asked
 * for while one of their kind waits are that one. What takes new workers is brought about by a rolling
 * restart, what takes a new gateway is named and left as it is.
 */
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import {
  compareConfigs,
  describeChange,
  isEffective,
  keepUntilRestart,
} from '../../config/config-change.js';
import { ConfigError, oneLine } from '../../config/problem.js';
import type { ReloadReport } from '../admin/lifecycle-operations.js';
import { monotonicMs } from '../kernel/clock.js';
import type { AdmissionBroker } from './admission-broker.js';
import type { AlertRaiser } from './alerts.js';
import type { ConfigSpread } from './config-spread.js';
import type { RollingRestart } from './rolling-restart.js';
import type { RunningConfig } from './running-config.js';

/** Whether the file is read again, or only what is registered beside it. */
export type ReloadKind = 'file' | 'servers';

export interface ReloadsOptions {
  readonly running: RunningConfig;
  /** The configuration as it should be now. Rejects with ConfigError, or when the store is away. */
  readonly load: (what: ReloadKind) => Promise<Config>;
  readonly spread: Pick<ConfigSpread, 'toHosts' | 'toWorkers'>;
  readonly admission: Pick<AdmissionBroker, 'configure'>;
  readonly restart: Pick<RollingRestart, 'run'>;
  readonly alerts: AlertRaiser;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** What the primary itself has to change. */
  readonly onApplied: (config: Config) => void;
}

interface Attempt {
  readonly kind: ReloadKind;
  readonly reason: string;
  readonly startedAtMs: number;
}

const MAX_PROBLEMS = 50;

export class Reloads {
  readonly #options: ReloadsOptions;
  readonly #waiting = new Map<ReloadKind, Promise<ReloadReport>>();
  #last: Promise<unknown> = Promise.resolve();
  /** What the version in force brought; null before the first that brought anything. */
  #brought: string | null = null;

  constructor(options: ReloadsOptions) {
    this.#options = options;
  }

  /** Resolves when every process runs by what was read. Never rejects. */
  run(reason: string, kind: ReloadKind = 'file'): Promise<ReloadReport> {
    const waiting = this.#waiting.get(kind);
    if (waiting !== undefined) return waiting;
    const next = this.#last.then(() => {
      this.#waiting.delete(kind);
      return this.#reload(kind, reason);
    });
    this.#waiting.set(kind, next);
    this.#last = next;
    return next;
  }

  async #reload(kind: ReloadKind, reason: string): Promise<ReloadReport> {
    const attempt = { kind, reason, startedAtMs: monotonicMs() };
    try {
      return await this.#apply(attempt, await this.#options.load(kind));
    } catch (thrown) {
      return this.#refuse(attempt, thrown);
    }
  }

  async #apply({ kind, reason, startedAtMs }: Attempt, wanted: Config): Promise<ReloadReport> {
    const { running, spread, admission, restart, alerts, log } = this.#options;
    const change = compareConfigs(running.config, wanted);
    const { workers, restart: needed } = change.settings;
    const isNew = isEffective(change);
    const summary = isNew || needed.length > 0 ? describeChange(change) : this.#nothingNew();
    if (isNew) {
      this.#brought = `${reason}: ${summary}`;
      const config = keepUntilRestart(running.config, wanted);
      const version = running.replace(config);
      this.#options.onApplied(config);
      await spread.toHosts(version, config);
      admission.configure(config);
      await spread.toWorkers(version, config);
    }
    const durationMs = Math.round(monotonicMs() - startedAtMs);
    const { version } = running;
    if (kind === 'file') {
      running.reloaded(true, summary);
      alerts.clear('config-reload-failed', null);
    }
    if (kind === 'file' || isNew) {
      log.info({ reason, version, durationMs, ...change }, `reload: ${summary}`);
    }
    if (workers.length > 0) void restart.run(`reload: ${workers.join(', ')}`);
    return {
      ok: true,
      version,
      summary,
      workersReplacedFor: workers,
      restartNeededFor: needed,
      problems: [],
      durationMs,
    };
  }

  /** Who changes the file and asks for a reload may come after the file watch: what it applied is the answer. */
  #nothingNew(): string {
    return `nothing changed since the ${this.#brought === null ? 'start' : `last reload (${this.#brought})`}`;
  }

  #refuse({ kind, reason, startedAtMs }: Attempt, thrown: unknown): ReloadReport {
    const { running, alerts, log } = this.#options;
    const problems =
      thrown instanceof ConfigError
        ? thrown.problems.slice(0, MAX_PROBLEMS).map(oneLine)
        : [thrown instanceof Error ? thrown.message : String(thrown)];
    const [first = ''] = problems;
    const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
    const summary = `${first}${more}`;
    const { version } = running;
    log.error({ reason, version, problems }, `reload refused, nothing was changed: ${summary}`);
    if (kind === 'file') {
      running.reloaded(false, summary);
      alerts.raise(
        'config-reload-failed',
        null,
        `The configuration was not applied; version ${version} stays in force: ${summary}`,
      );
    }
    return {
      ok: false,
      version,
      summary,
      workersReplacedFor: [],
      restartNeededFor: [],
      problems,
      durationMs: Math.round(monotonicMs() - startedAtMs),
    };
  }
}
