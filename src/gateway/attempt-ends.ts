/**
 * Adds up how attempts at upstreams ended, for the primary's breakers and adaptive limits: one event
 * per server and report. A failure or a sign of overload is told in this tick, successes before it included, so that the
 * trip rule never sees the failures of a moment without its successes. Users are told apart as far as there are few:
 * of many there are always some without failures.
 */
import type { WorkerEvent } from '../ipc/admission-messages.js';
import { SampleWindow } from '../policy/sample-window.js';
import type { AttemptEnd } from './admission.js';

/** What the permit of an attempt says. */
export interface Admitted {
  readonly user: string;
  /** Of the server's breaker. */
  readonly generation: number;
}

interface Counts {
  successes: number;
  failures: number;
  /** Signs of overload. */
  dropped: number;
}

interface Sums {
  generation: number;
  successes: number;
  failures: number;
  readonly users: Map<string, Counts>;
  readonly window: SampleWindow;
}

/** Closes whenever it is asked to: the primary keeps the real windows. */
const OPEN_WINDOW = { windowMs: 0, minSamples: 0, minRttMs: 0.1, maxClasses: 64 };

/** In one report, beside one that fails. */
const MOST_USERS = 8;

export class AttemptEnds {
  readonly #send: (event: WorkerEvent) => void;
  readonly #servers = new Map<string, Sums>();

  constructor(send: (event: WorkerEvent) => void) {
    this.#send = send;
  }

  /** `inFlight` counts the attempt too. */
  add(server: string, { user, generation }: Admitted, end: AttemptEnd, inFlight: number): void {
    let sums = this.#servers.get(server);
    if (sums !== undefined && sums.generation !== generation) {
      this.#report(server, sums);
      sums = undefined;
    }
    if (sums === undefined) {
      const window = new SampleWindow(0, OPEN_WINDOW);
      sums = { generation, successes: 0, failures: 0, users: new Map(), window };
      this.#servers.set(server, sums);
    }
    sums.window.add(end.load, end.latencyClass, end.latencyMs, inFlight);
    const isDropped = end.load === 'dropped';
    const isFailure = end.health === 'failure';
    if (end.health === 'ignore' && !isDropped) return;
    const successes = end.health === 'success' ? 1 : 0;
    const failures = isFailure ? 1 : 0;
    const dropped = isDropped ? 1 : 0;
    sums.successes += successes;
    sums.failures += failures;
    const ofUser = sums.users.get(user);
    if (ofUser !== undefined) {
      ofUser.successes += successes;
      ofUser.failures += failures;
      ofUser.dropped += dropped;
    } else if (isFailure || isDropped || sums.users.size < MOST_USERS) {
      sums.users.set(user, { successes, failures, dropped });
    }
    if (isFailure || isDropped) this.#report(server, sums);
  }

  /** To be called a few times a second. */
  sweep(): void {
    for (const [server, sums] of this.#servers) this.#report(server, sums);
  }

  #report(server: string, sums: Sums): void {
    this.#servers.delete(server);
    const window = sums.window.close(0);
    const { generation, successes, failures } = sums;
    if (window === undefined || successes + failures + window.dropped + window.successes === 0) {
      return;
    }
    const users = Array.from(sums.users, ([user, counts]) => ({ user, ...counts }));
    this.#send({ kind: 'ended', server, generation, successes, failures, users, window });
  }
}
