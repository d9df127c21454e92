/**
 * A worker's view of users' own upstream credentials: opened once, kept for a while in memory, forgotten the
 * moment the primary tells of a change. One look-up for all who ask at the same time. While the store is
 * away, credentials that were opened before go on for the same grace as identities.
 */
import { LRUCache } from 'lru-cache';
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { monotonicMs } from '../kernel/clock.js';
import { SingleFlight } from '../kernel/single-flight.js';
import { STORE_PAUSE_MS } from './store-lookups.js';
import { sweepEntries } from './sweep-entries.js';
import type { CredentialBinding, CredentialSeal } from './credential-seal.js';

export interface UserCredentialsOptions {
  readonly find: (user: string, server: string) => Promise<{ readonly sealed: Uint8Array } | null>;
  readonly seal: Pick<CredentialSeal, 'open'>;
  readonly ttlMs: number;
  /** How long "there is none" is believed without asking again. */
  readonly negativeTtlMs: number;
  /** Default 10,000. */
  readonly maxEntries?: number;
  /** How long beyond `ttlMs` a credential serves while the store is away. Default 10 min. */
  readonly staleGraceMs?: number;
  readonly nowMs?: () => number;
}

interface Entry {
  /** Null: there is none. */
  readonly value: string | null;
  freshUntilMs: number;
  readonly staleUntilMs: number;
}

const DEFAULT_MAX_ENTRIES = 10_000;
const DEFAULT_GRACE_MS = 600_000;
/** Different look-ups under way; further ones are refused. */
const MAX_PENDING = 1000;

export class UserCredentials {
  readonly #options: UserCredentialsOptions;
  readonly #nowMs: () => number;
  readonly #entries: LRUCache<string, Entry>;
  readonly #pending = new SingleFlight<string | null>(MAX_PENDING);
  /** Grows with every change: what was read before one is not kept. */
  #generation = 0;

  constructor(options: UserCredentialsOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? monotonicMs;
    this.#entries = new LRUCache({ max: options.maxEntries ?? DEFAULT_MAX_ENTRIES });
  }

  /**
   * The credential, synchronously when it is known. Throws or rejects with GW_CREDENTIAL_MISSING, which names the
   * command that sets it, or GW_STORE_UNAVAILABLE.
   */
  of(user: string, server: string): string | Promise<string> {
    const key = keyOf(user, server);
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#nowMs() < entry.freshUntilMs) {
      return required(entry.value, { user, server });
    }
    return this.#read({ user, server }, key, entry);
  }

  forget({ user, server }: CredentialBinding): void {
    this.#generation += 1;
    const key = keyOf(user, server);
    this.#entries.delete(key);
    this.#pending.forget(key);
  }

  forgetAll(): void {
    this.#generation += 1;
    this.#entries.clear();
    this.#pending.forgetAll();
  }

  /** Forgets what is expired. Returns how much. */
  sweep(nowMs: number): number {
    return sweepEntries(this.#entries, ({ staleUntilMs }) => nowMs >= staleUntilMs);
  }

  async #read(binding: CredentialBinding, key: string, stale: Entry | undefined): Promise<string> {
    let value: string | null;
    try {
      value = await this.#openOnce(binding, key);
    } catch (thrown) {
      const nowMs = this.#nowMs();
      const error = asGatewayError(thrown);
      const isAway = error.code === 'GW_STORE_UNAVAILABLE';
      if (!isAway || stale === undefined || nowMs >= stale.staleUntilMs) throw error;
      // What was forgotten meanwhile was changed: it must not serve, stale or not.
      if (this.#entries.peek(key) !== stale) throw error;
      stale.freshUntilMs = Math.min(nowMs + STORE_PAUSE_MS, stale.staleUntilMs);
      value = stale.value;
    }
    return required(value, binding);
  }

  #openOnce(binding: CredentialBinding, key: string): Promise<string | null> {
    const opening = this.#pending.join(key, () => this.#openAndKeep(binding, key));
    if (opening !== null) return opening;
    throw new GatewayError('GW_STORE_UNAVAILABLE', {
      hint: 'Too many credentials are being read.',
      retryAfterMs: STORE_PAUSE_MS,
    });
  }

  async #openAndKeep(binding: CredentialBinding, key: string): Promise<string | null> {
    const generation = this.#generation;
    const { find, seal, ttlMs, negativeTtlMs, staleGraceMs = DEFAULT_GRACE_MS } = this.#options;
    const found = await find(binding.user, binding.server);
    const value = found === null ? null : seal.open(binding, found.sealed);
    if (found !== null && value === null) throw unreadable(binding);
    if (generation !== this.#generation) return value;
    const nowMs = this.#nowMs();
    const freshUntilMs = nowMs + (value === null ? negativeTtlMs : ttlMs);
    const staleUntilMs = value === null ? freshUntilMs : freshUntilMs + staleGraceMs;
    this.#entries.set(key, { value, freshUntilMs, staleUntilMs });
    return value;
  }
}

/** Server names have no line break. */
function keyOf(user: string, server: string): string {
  return `${server}\n${user}`;
}

function required(value: string | null, { user, server }: CredentialBinding): string {
  if (value !== null) return value;
  throw new GatewayError('GW_CREDENTIAL_MISSING', {
    hint: `Set it with: multi-mcp credentials set ${server} --user ${shellWord(user)}`,
    data: { server },
  });
}

/** The operator may have lost the master key; nobody but he can mend that. */
function unreadable({ user, server }: CredentialBinding): GatewayError {
  return new GatewayError('GW_CREDENTIAL_MISSING', {
    hint: `The stored one cannot be opened with this master key. Set it again with: multi-mcp credentials set ${server} --user ${shellWord(user)}`,
    data: { server },
    log: { unreadableCredentialOf: user },
  });
}

/** A user's name comes from a token's claims: what is pasted into a shell must stay one word. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9._@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
