/**
 * Brings a configuration to every process: hosts first, so that a new server is there before a worker
 * sends calls to it. A worker that does not confirm in time is killed, because it would go on serving by
 * the former one; its replacement starts with this one. A process that starts meanwhile has it from its
 * start message, or is told while it is composed: it never serves by another.
 */
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import type { HostPlace } from './host-place.js';
import type { ProcessTree } from './process-tree.js';
import type { WorkerPlace } from './worker-place.js';

type Place = HostPlace | WorkerPlace;

interface Waiting {
  readonly version: number;
  readonly places: Set<Place>;
  readonly done: () => void;
}

/** The rule is two seconds; a machine that is slower than that should not lose its workers for it. */
const CONFIRM_TIMEOUT_MS = 5_000;

export class ConfigSpread {
  readonly #tree: () => Pick<ProcessTree, 'hosts' | 'allWorkers'>;
  readonly #log: Pick<Logger, 'error'>;
  readonly #waiting = new Set<Waiting>();

  constructor(tree: () => Pick<ProcessTree, 'hosts' | 'allWorkers'>, log: Pick<Logger, 'error'>) {
    this.#tree = tree;
    this.#log = log;
  }

  /** Resolves when every host runs by it. One that does not answer keeps its sessions and is reported. */
  async toHosts(version: number, config: Config): Promise<void> {
    const message = { type: 'host-config', version, config };
    for (const place of await this.#send(this.#tree().hosts, message, version)) {
      this.#log.error(
        { host: place.index, version },
        'an upstream host did not confirm the configuration',
      );
    }
  }

  /** Resolves when no worker serves by another one. */
  async toWorkers(version: number, config: Config): Promise<void> {
    const message = { type: 'config', version, config };
    for (const place of await this.#send(this.#tree().allWorkers, message, version)) {
      this.#log.error(
        { worker: place.index + 1, version },
        'a worker did not confirm the configuration; killing it',
      );
      place.process.kill();
    }
  }

  /** The process runs by this version, or is gone (Infinity). */
  confirmed(place: Place, version: number): void {
    if (Number.isFinite(version)) place.configVersion = version;
    for (const waiting of this.#waiting) {
      if (version < waiting.version || !waiting.places.delete(place)) continue;
      if (waiting.places.size === 0) waiting.done();
    }
  }

  /** Those that did not confirm in time. */
  async #send(
    all: readonly Place[],
    message: object,
    version: number,
  ): Promise<ReadonlySet<Place>> {
    const places = new Set(all.filter(({ process }) => process.state === 'running'));
    for (const { process } of all) process.send(message);
    if (places.size === 0) return places;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CONFIRM_TIMEOUT_MS);
      const waiting = {
        version,
        places,
        done: () => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      this.#waiting.add(waiting);
    });
    for (const waiting of this.#waiting)
      if (waiting.places === places) this.#waiting.delete(waiting);
    return places;
  }
}
