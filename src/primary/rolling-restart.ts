/**
 * Replaces the HTTP workers one after the other under load: a new one serves before the old one stops
 * accepting, so capacity never falls. Connections that wait in the old one's accept queue when it closes
 * survive where net.ipv4.tcp_migrate_req is 1 (Linux 5.14); clients with keep-alive connections lose
 * nothing either way, because each hears `Connection: close` with an answer.
 */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { RestartReport, RestartState } from '../admin/lifecycle-operations.js';
import { monotonicMs } from '../kernel/clock.js';
import type { ProcessTree } from './process-tree.js';

export interface RollingRestartOptions {
  readonly tree: Pick<ProcessTree, 'workers' | 'replaceWorker'>;
  /** Read for each worker. */
  readonly drainTimeoutMs: () => number;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly tcpMigrateReq?: () => Promise<boolean | null>;
}

export class RollingRestart {
  readonly #options: RollingRestartOptions;
  #running: Promise<RestartReport> | null = null;
  #next: Promise<RestartReport> | null = null;
  #replaced = 0;
  #last: RestartReport | null = null;

  constructor(options: RollingRestartOptions) {
    this.#options = options;
  }

  get state(): RestartState {
    const workers = this.#options.tree.workers.length;
    const running = this.#running === null ? null : { replaced: this.#replaced, workers };
    return { running, last: this.#last };
  }

  /**
   * Resolves when every worker that runs now was replaced. While one restart is under way the next
   * waits, and all that are asked for meanwhile are that one. Never rejects.
   */
  run(reason: string): Promise<RestartReport> {
    if (this.#running === null) {
      this.#running = this.#roll(reason).finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.run(reason);
    });
    return this.#next;
  }

  async #roll(reason: string): Promise<RestartReport> {
    const { tree, drainTimeoutMs, log, tcpMigrateReq = readTcpMigrateReq } = this.#options;
    const startedAtMs = monotonicMs();
    const workers = tree.workers.length;
    const migrates = await tcpMigrateReq();
    log.info({ reason, workers, tcpMigrateReq: migrates }, 'rolling restart of the workers');
    let ok = true;
    this.#replaced = 0;
    for (let index = 0; index < workers && ok; index += 1) {
      ok = await tree.replaceWorker(index, drainTimeoutMs());
      if (ok) this.#replaced += 1;
    }
    const durationMs = Math.round(monotonicMs() - startedAtMs);
    const report = { ok, replaced: this.#replaced, workers, durationMs, tcpMigrateReq: migrates };
    this.#last = report;
    if (ok) log.info(report, 'every worker was replaced');
    else log.error(report, 'a new worker did not start; those that run go on');
    return report;
  }
}

/** Null where the kernel has no such setting. */
export async function readTcpMigrateReq(): Promise<boolean | null> {
  const text = await readFile('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').catch(() => '');
  return text === '' ? null : text.trim() === '1';
}
