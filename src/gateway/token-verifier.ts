/**
 * Tokens to verdicts. Cheap refusals come first (shape, algorithm, unknown key: 1 µs); what is left waits in
 * a queue that serves the places tokens come from turn by turn, so that a flood from one address delays
 * others by a turn. Per turn of the event loop it is decided where the waiting are verified: a few here,
 * more in a thread, in batches of a few milliseconds and only two at a time: a batch's deadline then
 * counts its own work, not the queue before it.
 */
import { monotonicMs, wallSeconds } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import { FairQueue } from '../policy/fair-queue.js';
import type {
  TokenAlgorithm,
  TokenRules,
  TokenVerdict,
  VerifyTokensInput,
} from '../threads/tasks.js';
import type { KeySource } from './issuer-keys.js';
import { keysFor, readTokenHeader, type TokenHeader } from './token-header.js';

type VerifyBatch = (input: VerifyTokensInput) => Promise<readonly TokenVerdict[]>;

export interface TokenVerifierOptions {
  readonly keys: KeySource;
  readonly rules: TokenRules;
  /** Runs on this thread. */
  readonly verifyHere: VerifyBatch;
  /** Runs in a piscina thread. */
  readonly verifyInThread: VerifyBatch;
  /** Tokens waiting at once; further ones are told to come back. Default 16384: some 20 MB. */
  readonly maxWaiting?: number;
  readonly nowMs?: () => number;
}

/**
 * Cheap refusals come at once. Rejects with GW_STORE_UNAVAILABLE when the thread gives no answer, the queue is
 * full, or a key set was never fetched. `source` says where the token comes from.
 */
export type VerifyToken = (token: string, source?: string) => TokenVerdict | Promise<TokenVerdict>;

/** What one verification takes on an idle machine (measured, Node 20). */
const COST_MICROS: Readonly<Record<TokenAlgorithm, number>> = {
  HS256: 9,
  RS256: 28,
  ES256: 60,
  EdDSA: 105,
};
/**
 * A hand-over costs the loop 35 µs, and the token twice as much in all as here (measured). So a thread pays
 * only where many come at once: below this, a turn of the loop is not long.
 */
const HERE_MICROS = 200;
/** Long enough to spread the hand-over, short enough that the next turn comes soon. */
const BATCH_MICROS = 4000;
const MAX_BATCH = 128;
/** One runs, the next lies ready. */
const MAX_UNDER_WAY = 2;
const DEFAULT_MAX_WAITING = 16_384;
/** No single source may fill the queue. */
const SOURCE_SHARE = 0.75;
/** As long as a call may wait for a slot. */
const MAX_WAIT_MS = 10_000;

const UNTRUSTED: TokenVerdict = { ok: false, refusal: 'untrusted' };

export function createTokenVerifier(options: TokenVerifierOptions): VerifyToken {
  const verifier = new TokenVerifier(options);
  return (token, source = '') => verifier.verify(token, source);
}

interface Waiting {
  readonly token: string;
  readonly costMicros: number;
  settle(verdict: TokenVerdict): void;
  fail(error: GatewayError): void;
}

class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #nowMs: () => number;
  readonly #queue: FairQueue<Waiting>;
  #waitingMicros = 0;
  #underWay = 0;
  #isFlushDue = false;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? monotonicMs;
    const maxWaiting = options.maxWaiting ?? DEFAULT_MAX_WAITING;
    this.#queue = new FairQueue({
      maxWaiting,
      maxWaitingPerUser: Math.ceil(maxWaiting * SOURCE_SHARE),
      timeoutMs: MAX_WAIT_MS,
    });
  }

  verify(token: string, source: string): TokenVerdict | Promise<TokenVerdict> {
    const header = readTokenHeader(token);
    if (header === null) return UNTRUSTED;
    if (this.#hasKeyFor(header)) return this.#wait(token, source, header.algorithm);
    // No issuer publishes a shared secret.
    if (header.algorithm === 'HS256') return UNTRUSTED;
    const { keys } = this.#options;
    const refreshed = keys.refresh();
    if (refreshed === null && keys.isComplete) return UNTRUSTED;
    return this.#verifyAfter(refreshed, token, source, header);
  }

  #hasKeyFor(header: TokenHeader): boolean {
    return keysFor(header, this.#options.keys.current()).length > 0;
  }

  async #verifyAfter(
    refreshed: Promise<unknown> | null,
    token: string,
    source: string,
    header: TokenHeader,
  ): Promise<TokenVerdict> {
    await refreshed;
    if (this.#hasKeyFor(header)) return this.#wait(token, source, header.algorithm);
    // A set that never came may hold the key: nothing was proven, so nothing is refused for good.
    if (!this.#options.keys.isComplete) throw later(undefined);
    return UNTRUSTED;
  }

  #wait(token: string, source: string, algorithm: TokenAlgorithm): Promise<TokenVerdict> {
    const costMicros = COST_MICROS[algorithm];
    return new Promise((settle, fail) => {
      const waiting = { token, costMicros, settle, fail };
      if (typeof this.#queue.join(source, waiting, this.#nowMs()) === 'string') {
        fail(later(undefined));
        return;
      }
      this.#waitingMicros += costMicros;
      if (this.#isFlushDue) return;
      this.#isFlushDue = true;
      setImmediate(() => {
        this.#isFlushDue = false;
        this.#flush();
      });
    });
  }

  #flush(): void {
    const { verifyHere } = this.#options;
    if (this.#underWay === 0 && this.#waitingMicros <= HERE_MICROS) {
      void this.#run(this.#take(), verifyHere);
    } else this.#fillThread();
  }

  #fillThread(): void {
    this.#expire();
    while (this.#underWay < MAX_UNDER_WAY && this.#queue.length > 0) {
      this.#underWay += 1;
      void this.#run(this.#take(), this.#options.verifyInThread).then(() => {
        this.#underWay -= 1;
        this.#fillThread();
      });
    }
  }

  #expire(): void {
    const nowMs = this.#nowMs();
    for (let late = this.#queue.expireOne(nowMs); late; late = this.#queue.expireOne(nowMs)) {
      this.#waitingMicros -= late.item.costMicros;
      late.item.fail(later(undefined));
    }
  }

  /** The next of each source in turn, until a batch is full. */
  #take(): Waiting[] {
    const batch: Waiting[] = [];
    let micros = 0;
    while (batch.length < MAX_BATCH && micros < BATCH_MICROS) {
      const next = this.#queue.serve();
      if (next === undefined) break;
      micros += next.item.costMicros;
      batch.push(next.item);
    }
    this.#waitingMicros -= micros;
    return batch;
  }

  async #run(batch: readonly Waiting[], verify: VerifyBatch): Promise<void> {
    const { keys, rules } = this.#options;
    try {
      const verdicts = await verify({
        tokens: batch.map(({ token }) => token),
        keys: keys.current(),
        rules,
        nowSeconds: wallSeconds(),
      });
      batch.forEach((waiting, n) => {
        waiting.settle(verdicts[n] ?? UNTRUSTED);
      });
    } catch (cause) {
      const error = later(cause);
      for (const waiting of batch) waiting.fail(error);
    }
  }
}

function later(cause: unknown): GatewayError {
  return new GatewayError('GW_STORE_UNAVAILABLE', { cause, retryAfterMs: 1000 });
}
