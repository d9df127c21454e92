/**
 * The servers of the configuration file and those added at run time, as one configuration. Reads what is
 * registered when asked, and notices by polling what another machine on the same store registered.
 */
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import {
  mergeRegistrations,
  type MergedServers,
  type Registration,
} from '../../config/registered-servers.js';
import type { SealedServers } from '../admin/sealed-servers.js';
import type { ServerView } from '../admin/operations.js';

export interface ServerRegistryOptions {
  readonly registered: Pick<SealedServers, 'all' | 'changes'>;
  /** Whether the store's answers come from somewhere older than the store. */
  readonly isDegraded: () => boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

const POLL_MS = 2000;

export class ServerRegistry {
  readonly #options: ServerRegistryOptions;
  #file: Config;
  #known: readonly Registration[] | null = null;
  /** What the store counted before `#known` was read. */
  #changes: number | null = null;
  #merged: MergedServers;
  #timer: NodeJS.Timeout | undefined;
  #isPolling = false;

  constructor(file: Config, options: ServerRegistryOptions) {
    this.#options = options;
    this.#file = file;
    this.#merged = mergeRegistrations(file, [], options.env);
  }

  /** As the file has it, without what is registered. */
  get file(): Config {
    return this.#file;
  }

  /**
   * Both as they are now; the file's as it was read last, or as given. While the store is away what is known
   * goes on; rejects with GW_STORE_UNAVAILABLE when nothing is.
   */
  async merged(file: Config = this.#file): Promise<Config> {
    const { registered, isDegraded, env } = this.#options;
    try {
      const changes = await registered.changes();
      const all = await registered.all();
      // A snapshot may lack what was registered last.
      if (this.#known === null || !isDegraded()) [this.#known, this.#changes] = [all, changes];
    } catch (thrown) {
      if (this.#known === null) throw thrown;
      this.#options.log.warn({ err: thrown }, 'servers added at run time stay as they were known');
    }
    const former = this.#merged;
    this.#file = file;
    this.#merged = mergeRegistrations(file, this.#known, env);
    this.#tell(former);
    return this.#merged.config;
  }

  /** `origin` of those that are served, and those that cannot be. */
  views(served: readonly ServerView[]): readonly ServerView[] {
    const { added, refused } = this.#merged;
    const known = served.map((view): ServerView => {
      return { ...view, origin: added.has(view.name) ? 'added' : 'file' };
    });
    const invalid = Array.from(refused, ([name, problems]): ServerView => {
      const detail = problems.join('; ');
      return { name, enabled: false, kind: '?', state: 'invalid', detail, origin: 'added' };
    });
    return [...known, ...invalid];
  }

  /** Calls back when the store holds something else than what is known. Never keeps the process alive. */
  watch(onChange: () => void): void {
    this.#timer = setInterval(() => void this.#poll(onChange), POLL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #poll(onChange: () => void): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      const changes = await this.#options.registered.changes();
      if (changes !== this.#changes) onChange();
    } catch {
      // Away: what is known goes on, and the next poll asks again.
    } finally {
      this.#isPolling = false;
    }
  }

  #tell(former: MergedServers): void {
    const { log } = this.#options;
    for (const [server, problems] of this.#merged.refused) {
      if (former.refused.get(server)?.join() === problems.join()) continue;
      log.error({ server, problems }, 'a server added at run time is not served');
    }
    for (const server of this.#merged.shadowed) {
      if (former.shadowed.includes(server)) continue;
      log.warn(
        { server },
        'a server added at run time gives way to that of the configuration file',
      );
    }
  }
}
