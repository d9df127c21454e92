/**
 * The keys that tokens are verified with, as one worker knows them: the configured ones, and those of
 * external issuers, which the primary fetches once for all workers (src/primary/jwks-keeper.ts). A token that
 * names an unknown key makes the worker ask the primary once; until the primary may fetch again, such tokens
 * are refused without asking.
 */
import { createPublicKey } from 'node:crypto';
import type { IssuerKeysMessage } from '../ipc/issuer-keys-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import type { TokenKey } from '../threads/tasks.js';

/** Where a verifier finds its keys. */
export interface KeySource {
  current(): readonly TokenKey[];
  /** Settles when the issuers were asked anew, never rejects; null when they may not be asked now. */
  refresh(): Promise<void> | null;
  /** Whether every issuer's set was fetched at least once. */
  readonly isComplete: boolean;
}

export interface IssuerKeysOptions {
  /** From the configuration; they stay. */
  readonly fixed: readonly TokenKey[];
  /** Asks the primary for the current sets, after having them fetched anew if `refresh`. */
  readonly ask: (refresh: boolean) => void;
  /** Some key came, changed or went. */
  readonly onChange: () => void;
  readonly nowMs?: () => number;
}

/** The primary answers within its own fetch deadline of 5 s. */
const ANSWER_TIMEOUT_MS = 7000;
/** Tokens that wait for one refresh; a flood of made-up key ids gets no further. */
const MAX_WAITING = 1000;

/** For a gateway without external key sets. */
export function fixedKeys(keys: readonly TokenKey[]): KeySource {
  return { current: () => keys, refresh: () => null, isComplete: true };
}

export class IssuerKeys implements KeySource {
  readonly #options: IssuerKeysOptions;
  readonly #nowMs: () => number;
  #keys: readonly TokenKey[];
  #version = 0;
  #isComplete = false;
  #noRefreshUntilMs = 0;
  #waiting = 0;
  #refreshing: Promise<void> | null = null;
  #settle: () => void = () => undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? monotonicMs;
    this.#keys = options.fixed;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  current(): readonly TokenKey[] {
    return this.#keys;
  }

  refresh(): Promise<void> | null {
    if (this.#refreshing === null) {
      if (this.#nowMs() < this.#noRefreshUntilMs) return null;
      this.#waiting = 0;
      this.#refreshing = new Promise((resolve) => {
        const timer = setTimeout(() => {
          this.#settle();
        }, ANSWER_TIMEOUT_MS);
        this.#settle = () => {
          clearTimeout(timer);
          this.#refreshing = null;
          resolve();
        };
      });
      this.#options.ask(true);
    }
    if (this.#waiting >= MAX_WAITING) return null;
    this.#waiting += 1;
    return this.#refreshing;
  }

  /** What the primary says; a version that is not newer changes nothing. */
  receive(message: IssuerKeysMessage): void {
    this.#isComplete = message.isComplete;
    if (message.version > this.#version) {
      this.#version = message.version;
      const fetched = message.keys.map(({ keyId, algorithm, pem }): TokenKey => ({
        keyId,
        algorithm,
        key: createPublicKey(pem),
      }));
      this.#keys = [...this.#options.fixed, ...fetched];
      this.#options.onChange();
    }
    if (!message.isRefreshed) return;
    this.#noRefreshUntilMs = this.#nowMs() + message.nextRefreshInMs;
    this.#settle();
  }
}
