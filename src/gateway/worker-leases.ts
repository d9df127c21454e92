/**
 * What a worker holds of every budget (slots, rates, breakers' states), and its word with the primary, which
 * keeps the exact books over all workers: both ways in batches of one turn of the event loop.
 */
import type { PrimaryEvent, WorkerEvent } from '../ipc/admission-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { TickBatch } from '../kernel/tick-batch.js';
import { BreakerGate } from '../policy/breaker-gate.js';
import type { CleanupCounts } from '../telemetry/cleanup-counts.js';
import { AttemptEnds } from './attempt-ends.js';
import { OwnSlots } from './own-slots.js';
import { RateLimitHeaders, type Quotas } from './rate-limit-headers.js';
import { RateShares, type RateLimits } from './rate-shares.js';
import { SlotTickets } from './slot-tickets.js';

/** What a reload may change. */
export interface LeaseSettings {
  /** Names of the enabled servers. */
  readonly servers: readonly string[];
  readonly quotas: Quotas;
  readonly queueTimeoutMs: number;
}

export interface WorkerLeasesOptions extends LeaseSettings {
  readonly cleanup?: CleanupCounts;
  readonly send: (events: readonly WorkerEvent[]) => void;
  /** Told when so many slots for calls that went back are in use by other workers. */
  readonly onCloseIdle?: (server: string, count: number) => void;
  /** Asks the server for something harmless; resolves whether it answered. Never rejects. */
  readonly probe: (server: string) => Promise<boolean>;
}

/** The primary refuses what waited too long; this much later the worker stops waiting for its word. */
const ANSWER_MARGIN_MS = 2000;
/** Places of rate limits come back this much late. */
const REPORT_MS = 50;
/** Failures are told at once; successes may wait a little. */
const ENDS_MS = 200;
/** Half of the time after which idle slots go home. */
const SWEEP_MS = 125;

export class WorkerLeases {
  readonly rates: RateShares;
  readonly headers: RateLimitHeaders;
  readonly calls: SlotTickets;
  /** Listening streams have budgets of their own. */
  readonly streams: SlotTickets;
  readonly ends: AttemptEnds;
  /** For what the gateway itself asks of servers. */
  readonly ownSlots: OwnSlots;
  readonly #options: WorkerLeasesOptions;
  readonly #outbox: TickBatch<WorkerEvent>;
  readonly #gates = new Map<string, BreakerGate>();
  #timers: NodeJS.Timeout[] = [];

  constructor(options: WorkerLeasesOptions) {
    this.#options = options;
    const { quotas, queueTimeoutMs } = options;
    this.#outbox = new TickBatch(options.send, () => {
      this.rates.beforeSend(monotonicMs());
    });
    const send = (event: WorkerEvent): void => {
      this.#outbox.push(event);
    };
    this.#setServers(options.servers);
    this.rates = new RateShares({
      ...limitsOf(quotas),
      send,
      schedule: () => {
        this.#outbox.schedule();
      },
    });
    this.headers = new RateLimitHeaders(quotas);
    const maxWaitMs = queueTimeoutMs + ANSWER_MARGIN_MS;
    const { onCloseIdle } = options;
    this.calls = new SlotTickets({
      of: 'calls',
      maxWaitMs,
      send,
      ...(onCloseIdle && { onCloseIdle }),
      nowMs: monotonicMs,
    });
    this.streams = new SlotTickets({ of: 'streams', maxWaitMs, send, nowMs: monotonicMs });
    this.ends = new AttemptEnds(send);
    this.ownSlots = new OwnSlots(this.calls);
  }

  /** Other servers and limits from now on; calls that were admitted, or wait, go on. */
  configure({ servers, quotas, queueTimeoutMs }: LeaseSettings): void {
    this.#setServers(servers);
    this.rates.setLimits(limitsOf(quotas));
    this.headers.setQuotas(quotas);
    this.calls.setMaxWait(queueTimeoutMs + ANSWER_MARGIN_MS);
    this.streams.setMaxWait(queueTimeoutMs + ANSWER_MARGIN_MS);
  }

  /** Begins the sweeps. */
  start(): void {
    const report = setInterval(() => {
      const forgotten = this.rates.sweep(monotonicMs());
      this.#options.cleanup?.removed('rate-shares', forgotten);
    }, REPORT_MS);
    const ends = setInterval(() => {
      this.ends.sweep();
    }, ENDS_MS);
    const sweep = setInterval(() => {
      this.calls.sweep();
      this.streams.sweep();
    }, SWEEP_MS);
    this.#timers = [report, ends, sweep];
  }

  /** For a drain, when nothing is in flight any more: gives back what is idle and says the last word. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.calls.returnAllIdle();
    this.streams.returnAllIdle();
    this.rates.sweep(monotonicMs());
    this.ends.sweep();
    this.#outbox.flush();
  }

  /** Takes in one batch of the primary's. */
  receive(events: readonly PrimaryEvent[]): void {
    for (const event of events) this.#onEvent(event);
  }

  /** Of an enabled server. */
  gate(server: string): BreakerGate | undefined {
    return this.#gates.get(server);
  }

  /** An idle connection to the server is gone by itself. */
  idleGone(server: string): void {
    this.#outbox.push({ kind: 'idle-gone', of: 'calls', server });
  }

  /** Calls by server. */
  inFlight(): ReadonlyMap<string, number> {
    return this.#perServer((server) => this.calls.inUse(server));
  }

  listening(): number {
    let count = 0;
    for (const server of this.#gates.keys()) count += this.streams.inUse(server);
    return count;
  }

  /** Slots held for calls and not in use, by server. */
  idleSlots(): ReadonlyMap<string, number> {
    return this.#perServer((server) => this.calls.idle(server));
  }

  #perServer(countOf: (server: string) => number): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const server of this.#gates.keys()) {
      const count = countOf(server);
      if (count > 0) counts.set(server, count);
    }
    return counts;
  }

  #setServers(servers: readonly string[]): void {
    for (const server of this.#gates.keys()) {
      if (!servers.includes(server)) this.#gates.delete(server);
    }
    for (const server of servers) {
      if (!this.#gates.has(server)) this.#gates.set(server, new BreakerGate());
    }
  }

  #onEvent(event: PrimaryEvent): void {
    switch (event.kind) {
      case 'slots':
        (event.of === 'calls' ? this.calls : this.streams).onMessage(event.message);
        return;
      case 'rate':
        this.rates.onMessage(event.message, monotonicMs());
        return;
      case 'breaker':
        this.#gates.get(event.server)?.apply(event.announced, monotonicMs());
        return;
      case 'probe':
        void this.#probe(event);
        return;
      case 'scale':
        this.headers.setScale(event.scale);
    }
  }

  async #probe({ server, generation }: { server: string; generation: number }): Promise<void> {
    const succeeded = await this.ownSlots.probe(server, () => this.#options.probe(server));
    this.#outbox.push({ kind: 'probed', server, generation, succeeded });
  }
}

function limitsOf(quotas: Quotas): RateLimits {
  return {
    hasGatewayLimit: quotas.gateway !== null,
    hasUserLimit: quotas.user !== null,
    limitedServers: new Set(quotas.servers.keys()),
  };
}
