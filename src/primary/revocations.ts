/**
 * Makes a revocation true before it is confirmed: every worker is told to forget the key, or a user's upstream
 * credential, and one that does not acknowledge within the time is killed, because it might still use it.
 */
import type { Logger } from 'pino';
import type { CredentialBinding } from '../gateway/credential-seal.js';
import type { PrimaryToWorker } from '../ipc/worker-messages.js';
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
  announce(keyId: string | null): Promise<void> {
    return this.#tell((revocation) => ({ type: 'revoked', keyId, revocation }));
  }

  /**
   * Resolves when no worker uses the user's former credential for the server in a new call. What upstream
   * hosts opened under it (processes, sessions) they end as soon as they hear of it.
   */
  announceCredential({ user, server }: CredentialBinding): Promise<void> {
    this.#tree().broadcastToHosts({ type: 'host-credential-changed', user, server });
    return this.#tell((revocation) => ({ type: 'credential-changed', user, server, revocation }));
  }

  async #tell(message: (revocation: number) => PrimaryToWorker): Promise<void> {
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
      this.#tree().broadcast(message(revocation));
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
