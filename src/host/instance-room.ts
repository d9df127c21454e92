/** Makes room for one more instance of a server that may have no more, by ending the one that is missed least. */
import { instanceToEvict, type HeldInstance } from '../policy/instance-eviction.js';
import type { EndpointLog } from './endpoint-options.js';

export interface EndableInstance extends HeldInstance {
  /** Resolves when nothing is left of it. */
  end(): Promise<void>;
}

export interface InstanceRoomOptions {
  readonly held: () => Iterable<EndableInstance>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: EndpointLog;
}

export class InstanceRoom {
  readonly #options: InstanceRoomOptions;
  /** Requests for which an instance is being ended, by user: they count as if they had theirs. */
  readonly #waiting = new Map<string, number>();

  constructor(options: InstanceRoomOptions) {
    this.#options = options;
  }

  /** Resolves when another may be opened, or when all are in use: then opening says so. */
  async make(user: string): Promise<void> {
    const { held, now, log } = this.#options;
    const waiting = this.#waiting.get(user) ?? 0;
    const evicted = instanceToEvict(held(), { user, waiting }, now());
    if (evicted === undefined) return;
    const idleMs = Math.round(now() - evicted.lastUsedAtMs);
    log.info({ user: evicted.user, forUser: user, idleMs }, 'an unused instance gives way');
    this.#waiting.set(user, waiting + 1);
    try {
      await evicted.end();
    } finally {
      const left = (this.#waiting.get(user) ?? 1) - 1;
      if (left === 0) this.#waiting.delete(user);
      else this.#waiting.set(user, left);
    }
  }
}
