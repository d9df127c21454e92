/**
 * How each upstream fares, window by window, over all workers: its usual service time, and, where
 * adaptive limiting is on, an in-flight limit that falls when it drops calls and comes back when it
 * does not (policy/adaptive-limiter.ts). Never above what the configuration allows, never below a
 * floor, so that a bad minute does not starve a server. What only one user meets, such as timeouts of a tool that
 * takes too long, is no overload, as long as there are calls of others that do not meet it.
 */
import { AimdLimiter, Gradient2Limiter, type AdaptiveLimit } from '../policy/adaptive-limiter.js';
import { SampleWindow, type WindowSummary } from '../policy/sample-window.js';
import { TripRule } from '../policy/trip-rule.js';

/** What a reload may change. */
interface AdaptiveSettings {
  /** Configured in-flight limits by server. */
  readonly limits: ReadonlyMap<string, number>;
  readonly isAdaptive: boolean;
  /** Servers whose limit follows their latency too; all others follow drops alone. */
  readonly byLatency?: ReadonlySet<string>;
}

export interface AdaptiveLimitsOptions extends AdaptiveSettings {
  readonly onLimit: (server: string, limit: number) => void;
  readonly onServiceTime: (server: string, usualMs: number) => void;
}

/** How calls of one server ended. */
interface CallEnds {
  readonly successes: number;
  readonly failures: number;
  /** Of users that are told apart. */
  readonly users: readonly (UserCalls & { readonly user: string })[];
  readonly window: WindowSummary;
}

interface UserCalls {
  readonly successes: number;
  readonly failures: number;
  readonly dropped: number;
}

interface Upstream {
  readonly configured: number;
  readonly isByLatency: boolean;
  readonly limiter: AdaptiveLimit;
  readonly window: SampleWindow;
  /** Whose the drops of the last 10 s are. */
  readonly drops: TripRule;
  limit: number;
  maxInFlight: number;
  usualMs: number | null;
}

/** Chosen: enough to notice when the upstream is well again. */
const FLOOR_RATIO = 0.2;
/** Weight of the newest window in the usual service time. */
const SMOOTHING = 0.3;

export class AdaptiveLimits {
  readonly #options: AdaptiveLimitsOptions;
  readonly #upstreams = new Map<string, Upstream>();
  #isAdaptive: boolean;

  constructor(options: AdaptiveLimitsOptions, nowMs: number) {
    this.#options = options;
    this.#isAdaptive = options.isAdaptive;
    for (const [server, limit] of options.limits) {
      this.#upstreams.set(server, newUpstream(limit, isByLatency(options, server), nowMs));
    }
  }

  /** Other configured limits; servers whose limit stays keep what was learnt about them. */
  configure(settings: AdaptiveSettings, nowMs: number): void {
    const { limits, isAdaptive } = settings;
    const beganOrEnded = isAdaptive !== this.#isAdaptive;
    this.#isAdaptive = isAdaptive;
    for (const server of this.#upstreams.keys()) {
      if (!limits.has(server)) this.#upstreams.delete(server);
    }
    for (const [server, limit] of limits) {
      const upstream = this.#upstreams.get(server);
      const byLatency = isByLatency(settings, server);
      const isSame = upstream?.configured === limit && upstream.isByLatency === byLatency;
      if (isSame && !beganOrEnded) continue;
      const usualMs = upstream?.usualMs ?? null;
      this.#upstreams.set(server, { ...newUpstream(limit, byLatency, nowMs), usualMs });
      this.#options.onLimit(server, limit);
    }
  }

  /** Shares of the same limits: what was learnt about a server holds for the share as for the whole. */
  resize(limits: ReadonlyMap<string, number>, nowMs: number): void {
    for (const [server, limit] of limits) {
      const former = this.#upstreams.get(server);
      if (former === undefined || former.configured === limit) continue;
      const upstream = newUpstream(limit, former.isByLatency, nowMs);
      const learnt = Math.round((limit * former.limit) / former.configured);
      upstream.limit = Math.min(limit, Math.max(leastLimit(limit), learnt));
      const limiter = newLimiter(limit, former.isByLatency, upstream.limit);
      // The window goes on: shares may change faster than windows close.
      const { window, drops, maxInFlight, usualMs } = former;
      this.#upstreams.set(server, { ...upstream, limiter, window, drops, maxInFlight, usualMs });
      this.#options.onLimit(server, upstream.limit);
    }
  }

  /** A worker's report. `inFlight`: to this server over all workers, as the ledger counts it now. */
  record(server: string, ends: CallEnds, inFlight: number, nowMs: number): void {
    const upstream = this.#upstreams.get(server);
    if (upstream === undefined) return;
    const { users, window } = ends;
    // Reports are many per window: the sum of their own maxima would say nothing.
    upstream.window.merge({ ...window, maxInFlight: 0 });
    upstream.drops.record(
      nowMs,
      undropped({ ...ends, dropped: window.dropped }),
      window.dropped,
      users.map((of) => ({ user: of.user, successes: undropped(of), failures: of.dropped })),
    );
    upstream.maxInFlight = Math.max(upstream.maxInFlight, inFlight);
  }

  /** Closes windows that are over. */
  tick(nowMs: number): void {
    for (const [server, upstream] of this.#upstreams) {
      const closed = upstream.window.close(nowMs);
      if (closed === undefined) continue;
      this.#learnServiceTime(server, upstream, closed);
      const { maxInFlight } = upstream;
      upstream.maxInFlight = 0;
      if (!this.#isAdaptive) continue;
      const dropped = upstream.drops.othersFailureRatio(nowMs) > 0 ? closed.dropped : 0;
      const limit = upstream.limiter.learn({ ...closed, dropped, maxInFlight });
      if (limit === upstream.limit) continue;
      upstream.limit = limit;
      this.#options.onLimit(server, limit);
    }
  }

  /** The in-flight limit that holds now. */
  limitOf(server: string): number | undefined {
    return this.#upstreams.get(server)?.limit;
  }

  /** Smoothed mean; null before the first window. */
  usualMs(server: string): number | null {
    return this.#upstreams.get(server)?.usualMs ?? null;
  }

  #learnServiceTime(server: string, upstream: Upstream, { classes }: WindowSummary): void {
    let count = 0;
    let sumMs = 0;
    for (const ofClass of classes) {
      count += ofClass.count;
      sumMs += ofClass.sumMs;
    }
    if (count === 0) return;
    const meanMs = sumMs / count;
    const { usualMs } = upstream;
    upstream.usualMs = usualMs === null ? meanMs : usualMs + SMOOTHING * (meanMs - usualMs);
    this.#options.onServiceTime(server, upstream.usualMs);
  }
}

/** A dropped call may be a failure, or a 429, which is none; or neither. */
function undropped({ successes, failures, dropped }: UserCalls): number {
  return Math.max(0, successes + failures - dropped);
}

function leastLimit(limit: number): number {
  return Math.max(1, Math.ceil(limit * FLOOR_RATIO));
}

function newLimiter(limit: number, isByLatency: boolean, initialLimit = limit): AdaptiveLimit {
  const bounds = { minLimit: leastLimit(limit), maxLimit: limit, initialLimit };
  return isByLatency ? new Gradient2Limiter(bounds) : new AimdLimiter(bounds);
}

function isByLatency({ byLatency }: AdaptiveSettings, server: string): boolean {
  return byLatency?.has(server) === true;
}

function newUpstream(limit: number, isByLatency: boolean, nowMs: number): Upstream {
  return {
    configured: limit,
    isByLatency,
    limiter: newLimiter(limit, isByLatency),
    window: new SampleWindow(nowMs),
    drops: new TripRule(),
    limit,
    maxInFlight: 0,
    usualMs: null,
  };
}
