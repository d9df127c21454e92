/** The times of one event stream, kept by one timer: its heartbeat, the server's longest silence, its longest life. */
import { monotonicMs } from '../kernel/clock.js';

export interface StreamLimits {
  readonly heartbeatMs: number;
  /** Longest silence of the upstream inside a stream; 0 means none. */
  readonly streamIdleTimeoutMs: number;
  /** Longest life of a stream; 0 means none. */
  readonly streamMaxMs: number;
}

export interface StreamTimesListener {
  /** A line for whoever cuts silent connections is due. */
  heartbeat(): void;
  /** `hint` says which limit was reached. Called again each period until `stop`. */
  overdue(hint: string): void;
}

/** The loop's clock is cut to milliseconds: a timer may fire so much early, and the next one comes a period later. */
const TIMER_EARLY_MS = 1;

export class StreamTimes {
  readonly #limits: StreamLimits;
  readonly #listener: StreamTimesListener;
  readonly #openedAtMs = monotonicMs();
  readonly #timer: NodeJS.Timeout;
  #heardAtMs = this.#openedAtMs;

  /** Runs from now on; whoever makes it must `stop` it. */
  constructor(limits: StreamLimits, listener: StreamTimesListener) {
    this.#limits = limits;
    this.#listener = listener;
    const { heartbeatMs, streamIdleTimeoutMs, streamMaxMs } = limits;
    const periodsMs = [heartbeatMs, streamIdleTimeoutMs, streamMaxMs].filter((ms) => ms > 0);
    this.#timer = setInterval(
      () => {
        this.#check(monotonicMs() + TIMER_EARLY_MS);
      },
      Math.min(...periodsMs),
    );
  }

  /** The server said something. */
  heard(): void {
    this.#heardAtMs = monotonicMs();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(nowMs: number): void {
    const { streamIdleTimeoutMs, streamMaxMs } = this.#limits;
    if (streamMaxMs > 0 && nowMs - this.#openedAtMs >= streamMaxMs) {
      this.#listener.overdue(`The stream was open for ${streamMaxMs} ms.`);
    } else if (streamIdleTimeoutMs > 0 && nowMs - this.#heardAtMs >= streamIdleTimeoutMs) {
      this.#listener.overdue(`The stream was silent for ${streamIdleTimeoutMs} ms.`);
    } else this.#listener.heartbeat();
  }
}
