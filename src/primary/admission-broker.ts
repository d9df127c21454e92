/**
 * The primary's side of admission: keeps the exact books that all workers draw on (slots, streams,
 * rates), the breakers they share, and the limits that follow load. Events come in batches from
 * workers, answers leave once a tick; the only clock and the only timers of all these policies are
 * here.
 */
import type { Config } from '../../config/config.js';
import type { PrimaryEvent, WorkerEvent } from '../ipc/admission-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { TickBatch } from '../kernel/tick-batch.js';
import { LeaseLedger, type LedgerSnapshot } from '../policy/lease-ledger.js';
import type { Incarnation } from '../policy/lease-messages.js';
import {
  accountOfSlots,
  accountSlots,
  partOf,
  serverSlots,
  TOTAL_SLOTS,
  USER_SLOTS,
  type LimitShares,
} from '../policy/limit-shares.js';
import type { LoadSignals } from '../policy/load-scale.js';
import type { RateWants } from '../policy/rate-wants.js';
import { AdaptiveLimits } from './adaptive-limits.js';
import { byLatency, callBudgets, serverLimits, streamBudgets } from './admission-budgets.js';
import type { LoadSources } from './load-signals.js';
import type { SlotUse } from './machine-wants.js';
import { RateBudgets } from './rate-budgets.js';
import { RateScale } from './rate-scale.js';
import { ServerBreakers, type BreakerView } from './server-breakers.js';

type AdmissionConfig = Pick<Config, 'limits' | 'rate' | 'servers' | 'http'>;

export interface AdmissionBrokerOptions {
  readonly config: AdmissionConfig;
  readonly send: (to: Incarnation, events: readonly PrimaryEvent[]) => void;
  /** The slowest worker's, from its last report. */
  readonly eventLoopDelayMs: () => number;
  /** How loaded the machine is, as it was sampled last. */
  readonly system: LoadSources['system'];
  /** In place of the machine's own load. */
  readonly sampleLoad?: () => LoadSignals;
}

export interface AdmissionSnapshot {
  readonly calls: LedgerSnapshot;
  readonly streams: LedgerSnapshot;
  readonly rates: ReturnType<RateBudgets['effective']>;
  readonly rateAccounts: number;
  /** Factor on all rates, 0..1. */
  readonly scale: number;
  readonly load: LoadSignals | null;
  readonly servers: ReadonlyMap<string, ServerAdmission>;
  /** Rate accounts forgotten by the clean-up since the start. */
  readonly sweptAccounts: number;
}

export interface ServerAdmission {
  readonly breaker: BreakerView;
  /** What the configuration allows in flight, and what holds now. */
  readonly configuredLimit: number;
  readonly effectiveLimit: number;
  readonly out: number;
  readonly queued: number;
  /** Smoothed mean of its answers; null before there are enough. */
  readonly usualMs: number | null;
}

const TICK_MS = 25;
const LOAD_SAMPLE_MS = 500;

export class AdmissionBroker {
  readonly #options: AdmissionBrokerOptions;
  readonly #calls: LeaseLedger;
  readonly #streams: LeaseLedger;
  readonly #rates: RateBudgets;
  readonly #breakers: ServerBreakers;
  readonly #adaptive: AdaptiveLimits;
  readonly #rateScale: RateScale;
  readonly #outbox: TickBatch<{ readonly to: Incarnation; readonly event: PrimaryEvent }>;
  readonly #workers = new Set<Incarnation>();
  #config: AdmissionConfig;
  /** Of servers: this machine's shares of what is configured. */
  #limits: ReadonlyMap<string, number>;
  #shares: LimitShares = null;
  #prober = 0;
  #sweptAccounts = 0;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: AdmissionBrokerOptions) {
    this.#options = options;
    const { config } = options;
    const nowMs = monotonicMs();
    this.#config = config;
    this.#limits = serverLimits(config, null);
    const servers = [...this.#limits.keys()];
    this.#calls = new LeaseLedger(callBudgets(config, null));
    this.#streams = new LeaseLedger(streamBudgets(config));
    for (const [server, limit] of this.#limits) {
      this.#calls.setServer(server, limit, nowMs);
      this.#streams.setServer(server, config.http.maxStreams, nowMs);
    }
    this.#rates = new RateBudgets(config);
    this.#breakers = new ServerBreakers({
      servers,
      announce: (server, announced) => {
        if (announced.state === 'open') this.#calls.refuseWaiting(server, 'circuit-open');
        for (const to of this.#workers) this.#push(to, { kind: 'breaker', server, announced });
      },
      probe: (server, generation) => {
        this.#probe(server, generation);
      },
    });
    this.#adaptive = new AdaptiveLimits(
      {
        limits: this.#limits,
        isAdaptive: config.rate.adaptive.enabled,
        byLatency: byLatency(config),
        onLimit: (server, limit) => {
          this.#calls.setServer(server, limit, monotonicMs());
        },
        onServiceTime: (server, usualMs) => {
          this.#calls.setServiceTime(server, usualMs);
        },
      },
      nowMs,
    );
    this.#rateScale = new RateScale(options, config.rate.adaptive, nowMs);
    this.#outbox = new TickBatch(
      (items) => {
        this.#sendAll(items);
      },
      () => {
        this.#collect();
      },
    );
  }

  /** Begins the ticks. */
  start(): void {
    const { limits } = this.#options.config;
    this.#timers = [
      setInterval(() => {
        this.#tick();
      }, TICK_MS),
      setInterval(() => {
        const nowMs = monotonicMs();
        if (this.#rateScale.sample(nowMs)) this.#announceScale(nowMs);
      }, LOAD_SAMPLE_MS),
      setInterval(() => {
        this.#sweptAccounts += this.#rates.sweep(monotonicMs());
      }, limits.cleanupIntervalMs),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /**
   * Other servers, budgets and rates from now on. What is lent out above a lowered limit is recalled and
   * runs out; nothing is granted meanwhile. Waiters of a server that is gone are refused.
   */
  configure(config: AdmissionConfig): void {
    const nowMs = monotonicMs();
    const former = this.#limits;
    const { adaptive } = config.rate;
    this.#config = config;
    this.#limits = serverLimits(config, this.#shares);
    this.#calls.configure(callBudgets(config, this.#shares), nowMs);
    this.#streams.configure(streamBudgets(config), nowMs);
    for (const server of former.keys()) {
      if (this.#limits.has(server)) continue;
      this.#calls.closeServer(server, nowMs);
      this.#streams.closeServer(server, nowMs);
    }
    for (const [server, limit] of this.#limits) {
      if (!former.has(server)) this.#calls.setServer(server, limit, nowMs);
      this.#streams.setServer(server, config.http.maxStreams, nowMs);
    }
    // Tells the ledger the limits that changed.
    const settings = { limits: this.#limits, isAdaptive: adaptive.enabled };
    this.#adaptive.configure({ ...settings, byLatency: byLatency(config) }, nowMs);
    this.#breakers.setServers([...this.#limits.keys()]);
    this.#rates.configure(config, nowMs);
    if (this.#rateScale.configure(adaptive, nowMs)) this.#announceScale(nowMs);
    this.#outbox.schedule();
  }

  /**
   * This machine's shares of the limits from now on, and who counts what is spent of the rates. Applied as `configure`
   * applies other limits; what was learnt about servers stays.
   */
  setShares(shares: LimitShares, wants: RateWants | null): void {
    const nowMs = monotonicMs();
    this.#shares = shares;
    this.#limits = serverLimits(this.#config, shares);
    this.#calls.configure(callBudgets(this.#config, shares), nowMs);
    this.#adaptive.resize(this.#limits, nowMs);
    this.#rates.setShares(shares, wants, nowMs);
    this.#outbox.schedule();
  }

  /** By budget, the part of its whole that is in use: above this machine's share while that was lowered lately. */
  partsInUse(): ReadonlyMap<string, number> {
    const { total, servers } = this.#calls.snapshot();
    const configured = serverLimits(this.#config, null);
    const parts = new Map([[TOTAL_SLOTS, total.out / this.#config.limits.maxTotalConnections]]);
    for (const { server, out } of servers) {
      parts.set(serverSlots(server), out / (configured.get(server) ?? Infinity));
    }
    const named = (name: string): boolean => this.#shares?.has(accountSlots(name)) === true;
    const ofUsers = partOf(this.#shares, USER_SLOTS) * this.#calls.users.greatest(named);
    parts.set(USER_SLOTS, Math.min(1, ofUsers));
    for (const key of this.#shares?.keys() ?? []) {
      const name = accountOfSlots(key);
      const load = name === null ? undefined : this.#calls.users.load(name);
      if (name === null || load === undefined) continue;
      parts.set(key, Math.min(1, this.#calls.out('user', name) / load.limit));
    }
    return parts;
  }

  slots(): SlotUse {
    return this.#calls;
  }

  /** A new worker process: from now on its messages count. */
  workerStarted(incarnation: Incarnation): void {
    this.#workers.add(incarnation);
    this.#calls.workerStarted(incarnation);
    this.#streams.workerStarted(incarnation);
  }

  /** It can be told things now. */
  workerReady(incarnation: Incarnation): void {
    for (const [server, announced] of this.#breakers.announcements(monotonicMs())) {
      this.#push(incarnation, { kind: 'breaker', server, announced });
    }
    this.#push(incarnation, { kind: 'scale', scale: this.#rateScale.scale });
  }

  /** Its process has exited: all it held is free, what it still says is ignored. */
  workerExited(incarnation: Incarnation): void {
    if (!this.#workers.delete(incarnation)) return;
    const nowMs = monotonicMs();
    this.#calls.workerExited(incarnation, nowMs);
    this.#streams.workerExited(incarnation, nowMs);
    this.#rates.workerExited(incarnation, nowMs);
    this.#outbox.schedule();
  }

  receive(from: Incarnation, events: readonly WorkerEvent[]): void {
    if (!this.#workers.has(from)) return;
    const nowMs = monotonicMs();
    for (const event of events) this.#onEvent(from, event, nowMs);
    this.#outbox.schedule();
  }

  snapshot(): AdmissionSnapshot {
    const nowMs = monotonicMs();
    const calls = this.#calls.snapshot();
    const servers = new Map<string, ServerAdmission>();
    const configured = serverLimits(this.#config, null);
    for (const { server, out, limit, queued } of calls.servers) {
      const breaker = this.#breakers.view(server, nowMs);
      if (breaker === null) continue;
      servers.set(server, {
        breaker,
        configuredLimit: configured.get(server) ?? limit,
        effectiveLimit: limit,
        out,
        queued,
        usualMs: this.#adaptive.usualMs(server),
      });
    }
    return {
      calls,
      streams: this.#streams.snapshot(),
      rates: this.#rates.effective(),
      rateAccounts: this.#rates.size,
      scale: this.#rateScale.scale,
      load: this.#rateScale.load,
      servers,
      sweptAccounts: this.#sweptAccounts,
    };
  }

  /** Rate tokens lent to workers, by kind of limit. Goes through every account. */
  lentTokens(): ReadonlyMap<string, number> {
    return this.#rates.lentByKind();
  }

  #onEvent(from: Incarnation, event: WorkerEvent, nowMs: number): void {
    switch (event.kind) {
      case 'ticket':
        this.#ledger(event.of).ticket(from, event.request, nowMs);
        return;
      case 'cancel':
        this.#ledger(event.of).cancel(from, event.ticket);
        return;
      case 'returned':
        this.#ledger(event.of).returned(from, event.slots, nowMs);
        return;
      case 'idle-closed':
        this.#ledger(event.of).idleClosed(from, event.count, nowMs);
        return;
      case 'idle-gone':
        this.#ledger(event.of).idleGone(from, event.server);
        return;
      case 'ask':
        this.#rates.ask(from, event, nowMs);
        return;
      case 'report':
        this.#rates.report(from, event.limit, event.report, nowMs);
        return;
      case 'ended':
        this.#ended(event, nowMs);
        return;
      case 'probed':
        this.#breakers.recordProbe(event.server, event.generation, nowMs, event.succeeded);
    }
  }

  #ended(event: Extract<WorkerEvent, { readonly kind: 'ended' }>, nowMs: number): void {
    const { server } = event;
    // A server whose breaker is open is taken care of: it is no reason to throttle the others.
    if (this.#breakers.isClosed(server)) this.#rateScale.callsEnded(event, nowMs);
    this.#adaptive.record(server, event, this.#calls.out('server', server), nowMs);
    this.#breakers.record(server, event, nowMs);
  }

  #tick(): void {
    const nowMs = monotonicMs();
    this.#calls.tick(nowMs);
    this.#streams.tick(nowMs);
    this.#rates.tick(nowMs);
    this.#breakers.tick(nowMs);
    this.#adaptive.tick(nowMs);
    this.#outbox.schedule();
  }

  #announceScale(nowMs: number): void {
    const { scale } = this.#rateScale;
    this.#rates.setScale(scale, nowMs);
    for (const to of this.#workers) this.#push(to, { kind: 'scale', scale });
  }

  /** One worker after the other, so that a sick worker does not make every probe fail. */
  #probe(server: string, generation: number): void {
    const workers = [...this.#workers];
    this.#prober = (this.#prober + 1) % Math.max(1, workers.length);
    const to = workers[this.#prober];
    // Without a worker the probe is lost and counts as failed when its time is over.
    if (to !== undefined) this.#push(to, { kind: 'probe', server, generation });
  }

  #ledger(of: 'calls' | 'streams'): LeaseLedger {
    return of === 'calls' ? this.#calls : this.#streams;
  }

  #push(to: Incarnation, event: PrimaryEvent): void {
    this.#outbox.push({ to, event });
  }

  #collect(): void {
    for (const message of this.#calls.drain()) {
      this.#push(message.to, { kind: 'slots', of: 'calls', message });
    }
    for (const message of this.#streams.drain()) {
      this.#push(message.to, { kind: 'slots', of: 'streams', message });
    }
    for (const message of this.#rates.drain(monotonicMs()))
      this.#push(message.to, { kind: 'rate', message });
  }

  #sendAll(items: readonly { readonly to: Incarnation; readonly event: PrimaryEvent }[]): void {
    const byWorker = new Map<Incarnation, PrimaryEvent[]>();
    for (const { to, event } of items) {
      const events = byWorker.get(to);
      if (events === undefined) byWorker.set(to, [event]);
      else events.push(event);
    }
    for (const [to, events] of byWorker) this.#options.send(to, events);
  }
}
