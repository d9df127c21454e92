/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): which limits a call
 * met, how much of each is left, and in how many seconds there is more. A share knows what it holds
 * and what the primary had at its last word, so `r` is an estimate; where a limit refused, `t` is the
 * wait that the primary computed, and who waits it is admitted.
 */
import type { CallRate, Limited, RateKind } from './rate-shares.js';

export interface Quota {
  readonly requests: number;
  readonly windowSeconds: number;
}

export interface Quotas {
  readonly gateway: Quota | null;
  readonly user: Quota | null;
  readonly servers: ReadonlyMap<string, Quota>;
}

type Headers = Readonly<Record<string, string>>;

export class RateLimitHeaders {
  readonly #quotas: Quotas;
  readonly #policies = new Map<string, string>();
  #scale = 1;

  constructor(quotas: Quotas) {
    this.#quotas = quotas;
  }

  /** The adaptive factor: what is announced is what holds now. */
  setScale(scale: number): void {
    this.#scale = scale;
    this.#policies.clear();
  }

  /** Undefined where no limit applies. `limited`: the one that refused, and for how long. */
  of(
    server: string,
    rates: readonly CallRate[],
    limited: Limited | null = null,
  ): Headers | undefined {
    if (rates.length === 0) return undefined;
    let left = '';
    for (const rate of rates) {
      const isLimiting = rate === limited?.rate;
      const quota = this.#quota(rate.kind, server);
      const remaining = isLimiting ? 0 : rate.share.remaining;
      const seconds = isLimiting ? Math.ceil(limited.waitMs / 1000) : moreAfterSeconds(quota);
      left += `${left === '' ? '' : ', '}"${rate.kind}";r=${remaining};t=${seconds}`;
    }
    return { 'ratelimit-policy': this.#policy(server, rates), ratelimit: left };
  }

  #policy(server: string, rates: readonly CallRate[]): string {
    let policy = this.#policies.get(server);
    if (policy === undefined) {
      policy = rates
        .map(({ kind }) => {
          const { requests, windowSeconds } = this.#quota(kind, server);
          const scaled = Math.max(1, Math.floor(requests * this.#scale));
          return `"${kind}";q=${scaled};w=${windowSeconds}`;
        })
        .join(', ');
      this.#policies.set(server, policy);
    }
    return policy;
  }

  #quota(kind: RateKind, server: string): Quota {
    const quota = kind === 'server' ? this.#quotas.servers.get(server) : this.#quotas[kind];
    return quota ?? { requests: 0, windowSeconds: 1 };
  }
}

/** In a window everything is back after it; a bucket has one more token after its share of it. */
function moreAfterSeconds({ requests, windowSeconds }: Quota): number {
  return Math.max(1, Math.ceil(windowSeconds / Math.max(1, requests)));
}
