/**
 * The circuit breaker of one server (Nygard, Release It!).
 *
 *             trip rule                      openMs over, probe starts
 *   closed ───────────────► open ─────────────────────────────► half-open
 *     ▲ ▲                    ▲  ▲       probe fails or is lost      │ │
 *     │ └── ramp over: k = 0 │  └────────────────────────────────────┘ │
 *     └──────────────────────┼──── 3 probes in a row succeed ──────────┘
 *           (10 s ramp)      └ trip during the ramp: k keeps growing
 *
 * Every change of state starts a new generation. A call carries the generation it was admitted in,
 * and an outcome of an earlier generation changes nothing: otherwise a call begun while closed that
 * fails late re-opens a half-open circuit (seen in cockatiel 4.0.0). Users' calls never probe: a
 * probe is a harmless message of our own, one at a time.
 */
import type { BreakerAnnouncement } from './breaker-gate.js';
import { defaultTripRule, TripRule, type TripRuleOptions, type UserEnds } from './trip-rule.js';

export interface CircuitBreakerOptions {
  readonly tripRule: TripRuleOptions;
  /** First time open. Default 5 000. */
  readonly openMs: number;
  /** Longest time open, jitter included. Default 60 000. */
  readonly maxOpenMs: number;
  /** Probes in a row that close it. Default 3. */
  readonly closeAfterProbes: number;
  /** A probe without a result for this long has failed. Default 10 000. */
  readonly probeTimeoutMs: number;
  /** Time over which a closed-again circuit takes back its full share of calls. Default 10 000. */
  readonly rampMs: number;
}

export const defaultCircuitBreaker: CircuitBreakerOptions = {
  tripRule: defaultTripRule,
  openMs: 5000,
  maxOpenMs: 60_000,
  closeAfterProbes: 3,
  probeTimeoutMs: 10_000,
  rampMs: 10_000,
};

// Specified: 5 s * 2^k ± 20 %, so that the breakers of many servers do not probe in step.
const JITTER_RATIO = 0.2;

type State =
  | { readonly name: 'closed'; readonly rampEndsAtMs: number }
  | { readonly name: 'open'; readonly untilMs: number }
  | { readonly name: 'half-open'; readonly successes: number; readonly probe: Probe | undefined };

interface Probe {
  readonly generation: number;
  readonly failsAtMs: number;
}

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #random: () => number;
  readonly #tripRule: TripRule;
  #state: State = { name: 'closed', rampEndsAtMs: -Infinity };
  #generation = 1;
  #tripsInARow = 0;

  /** `random` yields [0, 1) and serves only the jitter. */
  constructor(random: () => number, options: CircuitBreakerOptions = defaultCircuitBreaker) {
    this.#random = random;
    this.#options = options;
    this.#tripRule = new TripRule(options.tripRule);
  }

  get state(): BreakerAnnouncement['state'] {
    return this.#state.name;
  }

  /**
   * Grows with every change of state, so an unchanged one means there is nothing new to announce.
   */
  get generation(): number {
    return this.#generation;
  }

  /** Share of failures in the trip rule's window, 0..1. */
  failureRatio(nowMs: number): number {
    return this.#tripRule.failureRatio(nowMs);
  }

  /**
   * Outcomes of calls admitted in `generation`. Failures are timeouts, resets and 5xx; never 4xx, a tool's own
   * `isError` or a client that left (those are not reported at all). Ignored unless the circuit is still closed
   * in that very generation.
   */
  record(
    generation: number,
    nowMs: number,
    successes: number,
    failures: number,
    users?: readonly UserEnds[],
  ): void {
    if (this.#state.name !== 'closed' || generation !== this.#generation) return;
    // Healthy for a whole ramp: the next trip is a new incident and starts at openMs again.
    if (this.#tripsInARow > 0 && nowMs >= this.#state.rampEndsAtMs) this.#tripsInARow = 0;
    if (this.#tripRule.record(nowMs, successes, failures, users)) this.#open(nowMs);
  }

  /**
   * Starts a probe if one is due and none is in flight. Returns the probe's generation, to be handed to
   * `recordProbe`, or undefined. The caller sends something harmless (ping, server/discover, tools/list).
   */
  startProbe(nowMs: number): number | undefined {
    this.expireProbe(nowMs);
    const state = this.#state;
    if (state.name === 'closed') return undefined;
    if (state.name === 'open' && nowMs < state.untilMs) return undefined;
    if (state.name === 'half-open' && state.probe !== undefined) return undefined;
    this.#generation += 1;
    this.#state = {
      name: 'half-open',
      successes: state.name === 'half-open' ? state.successes : 0,
      probe: { generation: this.#generation, failsAtMs: nowMs + this.#options.probeTimeoutMs },
    };
    return this.#generation;
  }

  /** The result of the probe in flight; that of any earlier probe is ignored. */
  recordProbe(generation: number, nowMs: number, succeeded: boolean): void {
    const state = this.#state;
    if (state.name !== 'half-open' || state.probe?.generation !== generation) return;
    if (!succeeded) {
      this.#open(nowMs);
      return;
    }
    const successes = state.successes + 1;
    if (successes < this.#options.closeAfterProbes) {
      this.#state = { name: 'half-open', successes, probe: undefined };
      return;
    }
    this.#generation += 1;
    this.#tripRule.reset();
    this.#state = { name: 'closed', rampEndsAtMs: nowMs + this.#options.rampMs };
  }

  /** Fails a probe whose time is up (its process may have died). */
  expireProbe(nowMs: number): void {
    const state = this.#state;
    if (state.name !== 'half-open' || state.probe === undefined) return;
    if (nowMs >= state.probe.failsAtMs) this.#open(nowMs);
  }

  /** The state for the gates (breaker-gate.ts). */
  announce(nowMs: number): BreakerAnnouncement {
    const state = this.#state;
    const generation = this.#generation;
    switch (state.name) {
      case 'closed': {
        const rampLeftMs = Math.max(0, state.rampEndsAtMs - nowMs);
        const { rampMs } = this.#options;
        return { state: 'closed', generation, rampMs, rampedMs: rampMs - rampLeftMs };
      }
      case 'open': {
        return { state: 'open', generation, retryAfterMs: Math.max(0, state.untilMs - nowMs) };
      }
      case 'half-open':
        return { state: 'half-open', generation };
    }
  }

  #open(nowMs: number): void {
    const { openMs, maxOpenMs } = this.#options;
    const jitter = 1 + JITTER_RATIO * (2 * this.#random() - 1);
    const forMs = Math.min(maxOpenMs, openMs * 2 ** this.#tripsInARow * jitter);
    this.#tripsInARow += 1;
    this.#generation += 1;
    this.#state = { name: 'open', untilMs: nowMs + forMs };
  }
}
