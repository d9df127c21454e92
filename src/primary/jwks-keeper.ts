/**
 * Holds the key sets of external token issuers. One keeper in the primary serves all workers: an issuer is
 * asked once, not once a worker; what was good outlives every worker; and the rate of questions that
 * strangers can cause with made-up key ids is bounded for the whole gateway. Never on a request's path but
 * for a token whose key nobody knows yet. A set that cannot be fetched stays as it was for a day.
 */
import type { Logger } from 'pino';
import type { IssuerKey, IssuerKeysMessage } from '../ipc/issuer-keys-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { fetchText } from './fetch-text.js';
import { parseJwks } from './parse-jwks.js';

export interface JwksKeeperOptions {
  readonly urls: readonly string[];
  /** Called when a key came, changed or went. */
  readonly onChange: () => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Default: over HTTP. */
  readonly fetch?: (url: string) => Promise<string>;
  readonly nowMs?: () => number;
}

interface IssuerSet {
  readonly url: string;
  /** Null before the first success, and after a day without one. */
  keys: readonly IssuerKey[] | null;
  goodAtMs: number;
  /** Of the last failure, so that a lasting one is logged once. */
  failure: string | null;
}

const REFRESH_MS = 600_000;
const RETRY_MS = 30_000;
/** Between refreshes that tokens with unknown keys cause. */
const ASKED_REFRESH_MS = 30_000;
const KEEP_LAST_GOOD_MS = 86_400_000;
const FETCH_LIMITS = { timeoutMs: 5000, maxBytes: 262_144 };

export class JwksKeeper {
  readonly #options: JwksKeeperOptions;
  readonly #nowMs: () => number;
  readonly #sets: readonly IssuerSet[];
  #version = 0;
  #known = '[]';
  #refreshing: Promise<void> | null = null;
  #askAgainAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: JwksKeeperOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? monotonicMs;
    this.#sets = options.urls.map((url) => ({ url, keys: null, goodAtMs: 0, failure: null }));
  }

  /** Fetches, and goes on fetching. The gateway does not wait for it: tokens do, if they come earlier. */
  start(): void {
    if (this.#sets.length > 0) void this.#refresh();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** A worker met an unknown key: settles when the sets were fetched anew, or at once if that was done just now. */
  async askedRefresh(): Promise<void> {
    const nowMs = this.#nowMs();
    // The fetch under way may have been answered before the key was published, but it is the one there is.
    if (this.#refreshing !== null) return this.#refreshing;
    if (nowMs < this.#askAgainAtMs || this.#sets.length === 0) return;
    this.#askAgainAtMs = nowMs + ASKED_REFRESH_MS;
    await this.#refresh();
  }

  message(isRefreshed: boolean): IssuerKeysMessage {
    return {
      type: 'issuer-keys',
      version: this.#version,
      keys: this.#sets.flatMap(({ keys }) => keys ?? []),
      isComplete: this.#sets.every(({ keys }) => keys !== null),
      isRefreshed,
      nextRefreshInMs: Math.max(0, this.#askAgainAtMs - this.#nowMs()),
    };
  }

  #refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#refreshing ??= this.#fetchAll().finally(() => {
      this.#refreshing = null;
      if (this.#isClosed) return;
      const isGood = this.#sets.every(({ failure }) => failure === null);
      this.#timer = setTimeout(() => void this.#refresh(), isGood ? REFRESH_MS : RETRY_MS).unref();
    });
    return this.#refreshing;
  }

  async #fetchAll(): Promise<void> {
    await Promise.all(this.#sets.map((set) => this.#fetchOne(set)));
    const known = JSON.stringify(this.#sets.map(({ keys }) => keys));
    if (known === this.#known || this.#isClosed) return;
    this.#known = known;
    this.#version += 1;
    this.#options.onChange();
  }

  async #fetchOne(set: IssuerSet): Promise<void> {
    const { log, fetch = (url: string) => fetchText(url, FETCH_LIMITS) } = this.#options;
    const { url } = set;
    try {
      const { keys, ignored } = parseJwks(await fetch(url));
      const isNews = set.failure !== null || set.keys?.length !== keys.length;
      if (isNews) log.info({ url, keys: keys.length, ignored }, 'an issuer key set was fetched');
      Object.assign(set, { keys, goodAtMs: this.#nowMs(), failure: null });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      const isLost = set.keys !== null && this.#nowMs() - set.goodAtMs >= KEEP_LAST_GOOD_MS;
      if (isLost) set.keys = null;
      if (failure !== set.failure || isLost) {
        log.warn({ url, failure, hasLastGood: set.keys !== null }, 'no issuer key set');
      }
      set.failure = failure;
    }
  }
}
