/**
 * This machine among those that share its store: renews its lease on the roster about once a second, sees who
 * else is there, and applies its shares of the limits (policy/machine-shares.ts has the rules and why they hold). While the
 * store is away everything stays as it is.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { monotonicMs } from '../kernel/clock.js';
import { partOf, shareOf, type LimitShares } from '../policy/limit-shares.js';
import { MachineShares, RATE_HOLD_MS } from '../policy/machine-shares.js';
import type { RateWants } from '../policy/rate-wants.js';
import type { MachineRoster } from '../store/machine-roster.js';
import type { AdmissionBroker } from './admission-broker.js';
import { readEntry, writtenEntry, type KnownMachine, type MachineFacts } from './machine-entry.js';
import { MachineWants } from './machine-wants.js';
import { machinesView, type MachinesView } from './machines-view.js';
import {
  sharedLimits,
  unitsOfAccount,
  type SharedConfig,
  type SharedLimit,
} from './shared-limits.js';

export interface MachinesOptions {
  readonly roster: MachineRoster;
  readonly facts: MachineFacts;
  readonly leaseMs: number;
  readonly config: SharedConfig;
  readonly admission: Pick<AdmissionBroker, 'setShares' | 'partsInUse' | 'slots'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

const RENEWALS_PER_LEASE = 5;
/** However long the lease: others should not have to wait for their shares. */
const LONGEST_PAUSE_MS = 1000;
/** While shares are on their way from one machine to another. */
const UNSETTLED_MS = 200;
const SAMPLE_MS = 100;
/** A start waits so much longer than a lease for its shares: then the dead have been buried. */
const JOIN_MARGIN_MS = 2000;

export class Machines {
  readonly #options: MachinesOptions;
  readonly #id = randomBytes(8).toString('hex');
  readonly #shares: MachineShares;
  readonly #wants = new MachineWants();
  #config: SharedConfig;
  #limits: ReadonlyMap<string, SharedLimit>;
  #applied: LimitShares = null;
  #known: ReadonlyMap<string, KnownMachine> = new Map();
  #beats = 0;
  #hasJoined = false;
  #renewedAtMs: number | null = null;
  #problem: string | null = null;
  #isLeaseLost = false;
  #timer: NodeJS.Timeout | undefined;
  #sampler: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();
  #isRenewing = false;
  #isStopped = false;

  constructor(options: MachinesOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#shares = new MachineShares({
      id: this.#id,
      leaseMs: options.leaseMs,
      unitsOf: (account) => unitsOfAccount(account, this.#config),
    });
    this.#limits = sharedLimits(options.config);
    this.#setLimits();
  }

  /**
   * Joins, and waits for shares of what others hold; not longer than a lease and a little. Never rejects: while the
   * store is away there is nobody to divide with.
   */
  async join(): Promise<void> {
    const untilMs = monotonicMs() + this.#options.leaseMs + JOIN_MARGIN_MS;
    await this.#renew();
    while (this.#problem === null && this.#shares.isUnsettled && monotonicMs() < untilMs) {
      await sleep(this.#pauseMs());
      if (this.#isStopped) return;
      await this.#renew();
    }
    this.#schedule(this.#pauseMs());
  }

  /** Other limits from now on, of the same configuration that the admission has. */
  configure(config: SharedConfig): void {
    this.#config = config;
    this.#limits = sharedLimits(config);
    this.#setLimits();
    this.#apply();
    if (this.#timer !== undefined) this.#schedule(0);
  }

  /**
   * After an orderly stop: the others can have all of it. `drainedSinceMs`: since when no call was admitted,
   * monotonic; the rates spent just before then still count for a second.
   */
  async leave(drainedSinceMs: number): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#sampler);
    await this.#renewal;
    if (!this.#hasJoined) return;
    if (this.#shares.isDivided) {
      await sleep(Math.max(0, drainedSinceMs + RATE_HOLD_MS - monotonicMs()));
    }
    // The lease runs out without it.
    await this.#options.roster.remove(this.#id).catch(() => undefined);
  }

  view(): MachinesView {
    return machinesView({
      ...{ id: this.#id, facts: this.#options.facts, shares: this.#shares },
      ...{ known: this.#known.values(), applied: this.#applied, problem: this.#problem },
      ...{ leaseMs: this.#options.leaseMs, renewedAtMs: this.#renewedAtMs },
    });
  }

  /** One renewal at a time, and the next one when its time has come. Never rejects. */
  async #renew(): Promise<void> {
    this.#isRenewing = true;
    this.#renewal = this.#renewOnce().then(
      () => {
        this.#problem = null;
        this.#isLeaseLost = false;
      },
      (thrown: unknown) => {
        this.#problem = thrown instanceof Error ? thrown.message : String(thrown);
        this.#tellLostLease();
      },
    );
    await this.#renewal;
    this.#isRenewing = false;
  }

  async #renewOnce(): Promise<void> {
    const shares = this.#shares;
    const { roster, facts } = this.#options;
    const mustJoin = shares.isExpired(monotonicMs());
    if (mustJoin) {
      const listed = await this.#list();
      shares.look(monotonicMs(), listed);
      this.#apply();
    }
    const askedAtMs = monotonicMs();
    for (const [key, limit] of this.#limits) {
      shares.setWant(key, this.#wants.unitsOf(key, limit, askedAtMs));
    }
    if (shares.isDivided) {
      shares.setAccountWants(this.#wants.ofAccounts(askedAtMs));
      // What is named now is counted apart from now on.
      this.#apply();
    }
    const inUse = shares.isDivided
      ? this.#options.admission.partsInUse()
      : new Map<string, number>();
    const report = shares.report(askedAtMs, (key) => inUse.get(key) ?? 0);
    this.#beats += 1;
    const entry = { id: this.#id, beat: this.#beats, value: writtenEntry(facts, report) };
    if (mustJoin) await roster.join(entry);
    else if (!(await roster.renew(entry))) {
      // Taken for dead: looks first, next time.
      shares.removed();
      return;
    }
    this.#hasJoined = true;
    const listed = await this.#list();
    const dead = shares.renewed(askedAtMs, monotonicMs(), listed);
    this.#renewedAtMs = askedAtMs;
    this.#apply();
    this.#tell(
      listed.filter(({ id }) => id !== this.#id && !dead.has(id)),
      dead,
    );
    for (const { id, beat } of listed) if (dead.has(id)) await roster.remove(id, beat);
  }

  /** Without those that this gateway itself was before: it holds their port, so they are no more. */
  async #list(): Promise<readonly KnownMachine[]> {
    const { roster, facts } = this.#options;
    const listed = (await roster.list()).map(readEntry);
    if (this.#hasJoined) return listed;
    const former = listed.filter(({ id, facts: { place } }) => {
      return place === facts.place && id !== this.#id;
    });
    for (const { id } of former) await roster.remove(id);
    return listed.filter((machine) => !former.includes(machine));
  }

  #setLimits(): void {
    this.#shares.setLimits(new Map(Array.from(this.#limits, ([key, { units }]) => [key, units])));
  }

  #apply(): void {
    const shares = this.#shares.isDivided
      ? new Map(
          [...this.#limits.keys(), ...this.#shares.accounts].map((key) => {
            return [key, this.#shares.partOf(key)];
          }),
        )
      : null;
    if (isSame(shares, this.#applied)) return;
    this.#applied = shares;
    const rates: RateWants | null = shares === null ? null : this.#wants.rates;
    this.#options.admission.setShares(shares, rates);
    if (shares === null) {
      clearInterval(this.#sampler);
      this.#sampler = undefined;
    } else if (!this.#isStopped) {
      this.#sampler ??= setInterval(() => {
        this.#wants.sample(this.#options.admission.slots(), monotonicMs());
      }, SAMPLE_MS).unref();
    }
  }

  #tell(others: readonly KnownMachine[], dead: ReadonlySet<string>): void {
    const { log } = this.#options;
    const former = this.#known;
    this.#known = new Map(others.map((machine) => [machine.id, machine]));
    const machines = others.length + 1;
    const total = this.#limits.get('total')?.units ?? 0;
    const told = {
      machines,
      connections: shareOf(total, partOf(this.#applied, 'total')),
      of: total,
    };
    for (const { id, facts } of others) {
      if (former.has(id)) continue;
      log.info({ machine: facts.name, address: facts.address, ...told }, 'a machine joined');
    }
    for (const { id, facts } of former.values()) {
      if (this.#known.has(id)) continue;
      const facts1 = { machine: facts.name, address: facts.address, ...told };
      if (dead.has(id)) log.warn(facts1, 'a machine is gone: its lease ran out');
      else log.info(facts1, 'a machine left');
    }
  }

  #tellLostLease(): void {
    if (this.#isLeaseLost || !this.#hasJoined || !this.#shares.isExpired(monotonicMs())) return;
    this.#isLeaseLost = true;
    this.#options.log.warn(
      { reason: this.#problem, machines: this.#known.size + 1 },
      'the lease of this machine ran out: it keeps its shares of the limits, and others may use them too',
    );
  }

  #pauseMs(): number {
    const isQuick = this.#problem === null && this.#shares.isUnsettled;
    const usualMs = Math.min(LONGEST_PAUSE_MS, this.#options.leaseMs / RENEWALS_PER_LEASE);
    const pauseMs = isQuick ? UNSETTLED_MS : usualMs;
    // Machines that claim the same at once should not meet again.
    return pauseMs * (0.75 + Math.random() / 2);
  }

  #schedule(pauseMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      void this.#next();
    }, pauseMs).unref();
  }

  async #next(): Promise<void> {
    if (!this.#isRenewing) await this.#renew();
    this.#schedule(this.#pauseMs());
  }
}

function isSame(one: LimitShares, other: LimitShares): boolean {
  if (one === null || other === null) return one === other;
  return one.size === other.size && [...one].every(([key, part]) => other.get(key) === part);
}
