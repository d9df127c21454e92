/**
 * Adds up how attempts at upstreams ended, for the primary's breakers and adaptive limits: one event
 * per server and report. A failure is told in this tick, successes before it included, so that the
 * trip rule never sees the failures of a moment without its successes.
 */
import type { WorkerEvent } from '../ipc/admission-messages.js';
import { SampleWindow } from '../policy/sample-window.js';
import type { AttemptEnd } from './admission.js';

interface Sums {
  generation: number;
  successes: number;
  failures: number;
  readonly window: SampleWindow;
}

/** Closes whenever it is asked to: the primary keeps the real windows. */
const OPEN_WINDOW = { windowMs: 0, minSamples: 0, minRttMs: 0.1, maxClasses: 64 };

export class AttemptEnds {
  readonly #send: (event: WorkerEvent) => void;
  readonly #servers = new Map<string, Sums>();

  constructor(send: (event: WorkerEvent) => void) {
    this.#send = send;
  }

  /** `generation`: of the server's breaker at admission. `inFlight` counts the attempt too. */
  add(server: string, generation: number, end: AttemptEnd, inFlight: number): void {
    let sums = this.#servers.get(server);
    if (sums !== undefined && sums.generation !== generation) {
      this.#report(server, sums);
      sums = undefined;
    }
    if (sums === undefined) {
      sums = { generation, successes: 0, failures: 0, window: new SampleWindow(0, OPEN_WINDOW) };
      this.#servers.set(server, sums);
    }
    if (end.health === 'success') sums.successes += 1;
    sums.window.add(end.load, end.latencyClass, end.latencyMs, inFlight);
    if (end.health !== 'failure') return;
    sums.failures += 1;
    this.#report(server, sums);
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
    this.#send({ kind: 'ended', server, generation, successes, failures, window });
  }
}
