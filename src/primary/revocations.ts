/**
 * Makes a revocation true before it is confirmed: every worker is told to forget the key, and one that
 * does not acknowledge within the time is killed, because it might still let the key in.
 */
import type { Logger } from 'pino';
import type { ProcessTree } from './process-tree.js';
import type { WorkerPlace } from './worker-place.js';

const ACKNOWLEDGE_TIMEOUT_MS = 2000;

export class Revocations {
  readonly #tree: () => ProcessTree;
  readonly #log: Logger;
  readonly #waiting = new Map<
    number,
    { readonly places: Set<WorkerPlace>; readonly done: () => void }
  >();
  #next = 1;

  constructor(tree: () => ProcessTree, log: Logger) {
    this.#tree = tree;
    this.#log = log;
  }

  /** Resolves when no worker can serve the key from its cache any more. */
  async announce(keyId: string | null): Promise<void> {
    const revocation = this.#next;
    this.#next += 1;
    // A process that is starting has cached nothing yet, but may before it reads the store: tell all.
    const places = new Set(this.#tree().allWorkers.filter(({ process }) => process.pid !== null));
    if (places.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        for (const place of places) {
          this.#log.error({ worker: place.index + 1 }, 'a worker ignored a revocation; killing it');
          place.process.kill();
        }
        done();
      }, ACKNOWLEDGE_TIMEOUT_MS);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(revocation);
        resolve();
      };
      this.#waiting.set(revocation, { places, done });
      this.#tree().broadcast({ type: 'revoked', keyId, revocation });
    });
  }

  acknowledged(place: WorkerPlace, revocation: number): void {
    const waiting = this.#waiting.get(revocation);
    waiting?.places.delete(place);
    if (waiting?.places.size === 0) waiting.done();
  }

  /** A worker that died can serve no key. */
  workerGone(place: WorkerPlace): void {
    for (const revocation of this.#waiting.keys()) this.acknowledged(place, revocation);
  }
}
