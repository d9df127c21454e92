/**
 * A worker's end of the IPC channel: asks the primary what only it knows, with a deadline and a bound,
 * and hands everything else that arrives to one listener.
 */
import {
  isPrimaryToWorker,
  type PrimaryToWorker,
  type QueryKind,
  type WorkerToPrimary,
} from '../ipc/worker-messages.js';

export interface PrimaryAnswer {
  readonly status: number;
  readonly body: string;
}

/** The part of `process` that is used. */
export interface IpcChannel {
  readonly connected?: boolean;
  send?(message: unknown, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

const ANSWER_TIMEOUT_MS = 1000;
const MAX_PENDING = 256;

export class PrimaryLink {
  readonly #channel: IpcChannel;
  readonly #pending = new Map<number, (answer: PrimaryAnswer | null) => void>();
  #nextQuery = 1;

  constructor(
    channel: IpcChannel,
    onMessage: (message: PrimaryToWorker) => void,
    onDisconnect: () => void,
  ) {
    this.#channel = channel;
    channel.on('message', (message) => {
      if (!isPrimaryToWorker(message)) return;
      if (message.type === 'answer') this.#pending.get(message.query)?.(message);
      else onMessage(message);
    });
    channel.on('disconnect', onDisconnect);
  }

  send(message: WorkerToPrimary): void {
    if (this.#channel.connected === false) return;
    // A primary that is gone is noticed by the disconnect; without a callback it would be an 'error' event.
    this.#channel.send?.(message, () => undefined);
  }

  /** Null when the primary did not answer within a second, or too many questions are open. */
  ask(kind: QueryKind, isTrusted: boolean, argument = ''): Promise<PrimaryAnswer | null> {
    if (this.#pending.size >= MAX_PENDING) return Promise.resolve(null);
    const query = this.#nextQuery;
    this.#nextQuery += 1;
    return new Promise((resolve) => {
      const settle = (answer: PrimaryAnswer | null): void => {
        clearTimeout(timer);
        this.#pending.delete(query);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        settle(null);
      }, ANSWER_TIMEOUT_MS);
      this.#pending.set(query, settle);
      this.send({ type: 'query', query, kind, isTrusted, argument });
    });
  }
}
