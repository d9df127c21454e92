/**
 * The circuit breakers of all servers: fed by every worker, announced to every worker at each change,
 * and probed through one worker at a time (policy/circuit-breaker.ts decides; here is who is told).
 */
import type { BreakerAnnouncement } from '../policy/breaker-gate.js';
import { CircuitBreaker } from '../policy/circuit-breaker.js';
import type { UserEnds } from '../policy/trip-rule.js';

export interface ServerBreakersOptions {
  readonly servers: readonly string[];
  readonly announce: (server: string, announced: BreakerAnnouncement) => void;
  /** Has a worker probe the server; its answer comes through `recordProbe`. */
  readonly probe: (server: string, generation: number) => void;
}

export interface BreakerView {
  readonly state: BreakerAnnouncement['state'];
  /** Share of failures in the last 10 s, 0..1. */
  readonly failureRatio: number;
  /** Changes to each state since the start. */
  readonly transitions: Readonly<Record<BreakerAnnouncement['state'], number>>;
}

interface Kept {
  readonly breaker: CircuitBreaker;
  announcedGeneration: number;
  announcedState: BreakerAnnouncement['state'];
  readonly transitions: Record<BreakerAnnouncement['state'], number>;
}

export class ServerBreakers {
  readonly #options: ServerBreakersOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: ServerBreakersOptions) {
    this.#options = options;
    this.setServers(options.servers);
  }

  /** Newcomers begin closed, those that are gone are forgotten, all others stay as they are. */
  setServers(servers: readonly string[]): void {
    const wanted = new Set(servers);
    for (const server of this.#kept.keys()) if (!wanted.has(server)) this.#kept.delete(server);
    for (const server of wanted) {
      if (this.#kept.has(server)) continue;
      const breaker = new CircuitBreaker(Math.random);
      this.#kept.set(server, {
        breaker,
        announcedGeneration: breaker.generation,
        announcedState: 'closed',
        transitions: { closed: 0, open: 0, 'half-open': 0 },
      });
    }
  }

  record(
    server: string,
    ended: {
      readonly generation: number;
      readonly successes: number;
      readonly failures: number;
      readonly users?: readonly UserEnds[];
    },
    nowMs: number,
  ): void {
    const kept = this.#kept.get(server);
    if (kept === undefined) return;
    // A gate that was never told anything is closed in generation 0: so it is before the first trip.
    const generation = ended.generation === 0 ? FIRST_GENERATION : ended.generation;
    kept.breaker.record(generation, nowMs, ended.successes, ended.failures, ended.users);
    this.#announceChange(server, kept, nowMs);
  }

  recordProbe(server: string, generation: number, nowMs: number, succeeded: boolean): void {
    const kept = this.#kept.get(server);
    if (kept === undefined) return;
    kept.breaker.recordProbe(generation, nowMs, succeeded);
    this.#announceChange(server, kept, nowMs);
  }

  /** Starts probes that are due and fails lost ones. */
  tick(nowMs: number): void {
    for (const [server, kept] of this.#kept) {
      if (kept.breaker.state === 'closed') continue;
      const generation = kept.breaker.startProbe(nowMs);
      this.#announceChange(server, kept, nowMs);
      if (generation !== undefined) this.#options.probe(server, generation);
    }
  }

  /** What a new worker must know. */
  *announcements(nowMs: number): Generator<readonly [string, BreakerAnnouncement]> {
    for (const [server, { breaker }] of this.#kept) yield [server, breaker.announce(nowMs)];
  }

  isClosed(server: string): boolean {
    return this.#kept.get(server)?.breaker.state === 'closed';
  }

  view(server: string, nowMs: number): BreakerView | null {
    const kept = this.#kept.get(server);
    if (kept === undefined) return null;
    const { breaker, transitions } = kept;
    return { state: breaker.state, failureRatio: breaker.failureRatio(nowMs), transitions };
  }

  #announceChange(server: string, kept: Kept, nowMs: number): void {
    const { breaker } = kept;
    if (breaker.generation === kept.announcedGeneration) return;
    kept.announcedGeneration = breaker.generation;
    if (breaker.state !== kept.announcedState) {
      kept.announcedState = breaker.state;
      kept.transitions[breaker.state] += 1;
    }
    this.#options.announce(server, breaker.announce(nowMs));
  }
}

const FIRST_GENERATION = 1;
