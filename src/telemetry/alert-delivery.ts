/**
 * Brings alerts to one sink, one after another and in order, with a few attempts each. The queue is
 * bounded: when a sink is away for long, the oldest messages are dropped and counted, since the newest
 * say how things are now.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from '../kernel/clock.js';
import type { AlertNotice } from './alert-notice.js';
import { AlertSinkError, type AlertSink } from './alert-sink.js';

export interface AlertDeliveryOptions {
  readonly sink: AlertSink;
  readonly log: { warn(facts: object, text: string): void };
  /** Default 4. */
  readonly maxAttempts?: number;
  /** Before the second attempt; four times as long before each further one. Default 1 000. */
  readonly firstDelayMs?: number;
  /** Default: none. */
  readonly maxDelayMs?: number;
  /** Default 100. */
  readonly maxQueued?: number;
}

export interface DeliveryCounts {
  readonly delivered: number;
  /** After the last attempt, or pushed out of the queue. */
  readonly lost: number;
  readonly queued: number;
}

export interface SinkTest {
  readonly sink: string;
  readonly ok: boolean;
  readonly durationMs: number;
  /** Why not; null when it went well. */
  readonly detail: string | null;
}

const MAX_ATTEMPTS = 4;
const FIRST_DELAY_MS = 1000;
const DELAY_FACTOR = 4;
const MAX_QUEUED = 100;
/** A stop waits no longer than this for a sink that hangs. */
const CLOSE_MS = 3000;

export class AlertDelivery {
  readonly #options: AlertDeliveryOptions;
  readonly #queue: AlertNotice[] = [];
  readonly #closing = new AbortController();
  #working: Promise<void> | null = null;
  #delivered = 0;
  #lost = 0;

  constructor(options: AlertDeliveryOptions) {
    this.#options = options;
  }

  get sink(): AlertSink {
    return this.#options.sink;
  }

  counts(): DeliveryCounts {
    return { delivered: this.#delivered, lost: this.#lost, queued: this.#queue.length };
  }

  send(notice: AlertNotice): void {
    const { maxQueued = MAX_QUEUED } = this.#options;
    if (this.#queue.length >= maxQueued) {
      this.#queue.shift();
      this.#lost += 1;
    }
    this.#queue.push(notice);
    this.#working ??= this.#work();
  }

  /** Gives what is queued one attempt each, for a few seconds in all. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.race([this.#working, pause(CLOSE_MS, undefined, { ref: false })]);
  }

  async #work(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#deliver(next);
    }
    this.#working = null;
  }

  async #deliver(notice: AlertNotice): Promise<void> {
    const { sink, log, maxAttempts = MAX_ATTEMPTS, firstDelayMs = FIRST_DELAY_MS } = this.#options;
    const { maxDelayMs = Infinity } = this.#options;
    let delayMs = firstDelayMs;
    for (let attempt = 1; ; attempt += 1) {
      const problem = await attemptAt(sink, notice);
      if (problem === null) {
        this.#delivered += 1;
        return;
      }
      const { signal } = this.#closing;
      if (attempt >= maxAttempts || !problem.isTemporary || signal.aborted) {
        this.#lost += 1;
        const facts = { alert: notice.alert, target: notice.target, attempts: attempt };
        log.warn(facts, `an alert did not get through: ${sink.name}: ${problem.message}`);
        return;
      }
      await pause(delayMs, undefined, { signal }).catch(() => undefined);
      delayMs = Math.min(maxDelayMs, delayMs * DELAY_FACTOR);
    }
  }
}

/** One attempt outside the queue, and how it went. */
export async function testSink(sink: AlertSink, notice: AlertNotice): Promise<SinkTest> {
  const startedAtMs = monotonicMs();
  const problem = await attemptAt(sink, notice);
  const durationMs = Math.round(monotonicMs() - startedAtMs);
  return { sink: sink.name, ok: problem === null, durationMs, detail: problem?.message ?? null };
}

async function attemptAt(sink: AlertSink, notice: AlertNotice): Promise<AlertSinkError | null> {
  try {
    await sink.deliver(notice);
    return null;
  } catch (thrown) {
    if (thrown instanceof AlertSinkError) return thrown;
    return new AlertSinkError(thrown instanceof Error ? thrown.name : 'unknown fault', false);
  }
}
