/**
 * One machine's shares of limits that several machines keep together, each by reading and writing one document of its
 * own on a roster that all can read. No machine is in charge, and no write depends on what it replaces.
 *
 * WHY THE SUM NEVER EXCEEDS THE LIMIT. A document says what its machine may be using (held) and what it is about to use
 * (claimed). One rule: claim first, in a document that has been written; then read everybody's; and use only what the
 * others leave of the limit, all they hold and claim taken off. Of two that claim the same part at once, at
 * least the one that wrote later reads the other's claim (Lamport's bakery has the same argument). Hence,
 * of all present holdings, the one whose claim was written last was checked against every other, and they fit.
 * What is read may be old, as long as it is not older than the reader's own write: a machine takes less at once
 * and only then says so, so an old document errs on the safe side. What still runs above a lowered share counts
 * as held until it has ended, and so does a rate that was lowered until its window is over.
 *
 * WHO GETS WHAT. Everybody reckons the same fair parts (fair-parts.ts) from what each says it wants, and moves towards
 * its own: down when another one is short of something, up when there is room. A machine that is alone claims
 * everything there is and ever will be, and has nothing to reckon.
 *
 * ACCOUNTS. The users' limits are too many to name: they are divided by one part for all (limit-shares.ts
 * `commonOf`). One that is short of its part on one machine is named there, hence by all others, and moves like any limit.
 * When nobody wants more of it than the common part, everybody returns to that and forgets it. A part that is
 * not named is the common one, for whoever reads as for whoever uses it, so the argument holds for each account.
 *
 * A LEASE. Whoever has not renewed for leaseMs is dead to the others (machine-liveness.ts), and knows that it is:
 * before it counts as a member again it looks what they left of what it held. Meanwhile it goes on with that:
 * the one case in which the sum may be too large, by what it held (docs/decisions/0010).
 */
import { fairParts, leastPart } from './fair-parts.js';
import { commonOf, FINE_UNITS } from './limit-shares.js';
import { MachineLiveness } from './machine-liveness.js';

/** Of one limit, as parts of the whole, 0 to 1. */
export type ShareEntry = readonly [held: number, claimed: number, wanted: number];

/** What a machine says of itself to the others. */
export interface ShareReport {
  /** Every limit, whether it is named or not. */
  readonly holdsAll: boolean;
  readonly claimsAll: boolean;
  readonly shares: Readonly<Record<string, ShareEntry>>;
}

export interface ListedMachine {
  readonly id: string;
  readonly beat: number;
  /** Null: unreadable, and taken to hold everything. */
  readonly report: ShareReport | null;
}

export interface MachineSharesOptions {
  readonly id: string;
  readonly leaseMs: number;
  /** Units of an account that another machine names. Default: any part of it is something. */
  readonly unitsOf?: (account: string) => number;
}

/** Parts are sums of quotients; two that differ by less are the same. */
const ROUNDING = 1e-9;
/**
 * A rate that was lowered counts as held for its window of a second, and for the quarter that taking back
 * what is lent to workers may last.
 */
export const RATE_HOLD_MS = 1250;
const NOTHING: ShareEntry = [0, 0, 0];
/** Accounts that one machine names by itself. */
export const MAX_OWN_ACCOUNTS = 100;
/** With those that others name. */
const MAX_ACCOUNTS = 10_000;

export function isRateKey(key: string): boolean {
  return key.startsWith('rate:');
}

export class MachineShares {
  readonly #id: string;
  readonly #leaseMs: number;
  readonly #liveness: MachineLiveness;
  readonly #unitsOf: (account: string) => number;
  /** Units of each limit. */
  #limits: ReadonlyMap<string, number> = new Map();
  /** Units of each account that is named. */
  readonly #accounts = new Map<string, number>();
  #others: readonly ListedMachine[] = [];
  readonly #held = new Map<string, number>();
  readonly #claims = new Map<string, number>();
  readonly #wants = new Map<string, number>();
  readonly #former = new Map<string, { readonly part: number; readonly untilMs: number }>();
  /** True until others are met: everything is ours. */
  #hasAll = true;
  #claimsAll = false;
  /** What the others have read, or can read now. */
  #published: ShareReport | null = null;
  #renewedAtMs: number | null = null;
  /** What we hold was not checked since the lease ran out. */
  #isUnproven = true;
  /** Never renewed yet: nothing was used. */
  #isNew = true;

  constructor({ id, leaseMs, unitsOf }: MachineSharesOptions) {
    this.#id = id;
    this.#unitsOf = unitsOf ?? (() => FINE_UNITS);
    this.#leaseMs = leaseMs;
    this.#liveness = new MachineLiveness(leaseMs);
  }

  /** Which limits there are, with their sizes in whole units. */
  setLimits(limits: ReadonlyMap<string, number>): void {
    this.#limits = limits;
    for (const kept of [this.#held, this.#claims, this.#wants, this.#former]) {
      for (const key of kept.keys()) {
        if (!limits.has(key) && !this.#accounts.has(key)) kept.delete(key);
      }
    }
  }

  /** What was used or asked for lately, in units of the limit. */
  setWant(key: string, units: number): void {
    const limit = this.#limits.get(key);
    if (limit !== undefined) this.#wants.set(key, Math.min(1, units / limit));
  }

  /** Accounts that want another part than the common one, by their limits' names; all others are content. */
  setAccountWants(
    wants: ReadonlyMap<string, { readonly units: number; readonly limit: number }>,
  ): void {
    for (const key of this.#accounts.keys()) if (!wants.has(key)) this.#wants.delete(key);
    if (this.#hasAll) return;
    let own = 0;
    for (const [key, { units, limit }] of wants) {
      const part = Math.min(1, units / limit);
      own += 1;
      if (own > MAX_OWN_ACCOUNTS) return;
      if (!this.#accounts.has(key) && part <= this.partOf(key) + ROUNDING) continue;
      this.#name(key, limit);
      this.#wants.set(key, part);
    }
  }

  /** The accounts that are named, whoever wanted it. */
  get accounts(): Iterable<string> {
    return this.#accounts.keys();
  }

  /** The part of the limit that may be used now; 1 = all of it. */
  partOf(key: string): number {
    if (this.#hasAll) return 1;
    return this.#held.get(key) ?? this.#held.get(commonOf(key) ?? '') ?? 0;
  }

  /** Whether the limits are divided. */
  get isDivided(): boolean {
    return !this.#hasAll;
  }

  /** Whether the next renewal has something to tell, or to get, that should not wait for its time. */
  get isUnsettled(): boolean {
    if (this.#claimsAll) return true;
    if (this.#hasAll) return false;
    if (this.#claims.size > 0 || this.#former.size > 0) return true;
    for (const [key, limit] of this.#all()) {
      const part = this.partOf(key);
      if ((this.#published?.shares[key]?.[0] ?? 1) > part + ROUNDING) return true;
      if (part <= ROUNDING && this.#targetOf(key, limit) > 0) return true;
    }
    return false;
  }

  /** Whether the others may take this one for dead. Then `look` comes before the next renewal. */
  isExpired(nowMs: number): boolean {
    return this.#renewedAtMs === null || nowMs - this.#renewedAtMs >= this.#leaseMs;
  }

  silentMs(id: string, nowMs: number): number | null {
    return this.#liveness.silentMs(id, nowMs);
  }

  /** The document is gone: another machine took this one for dead. */
  removed(): void {
    this.#renewedAtMs = null;
  }

  /** Before joining, or joining again: what is held shrinks to what the others have left of it. */
  look(nowMs: number, listed: readonly ListedMachine[]): void {
    this.#meet(nowMs, listed);
    this.#isUnproven = true;
    if (this.#others.length > 0) this.#divide(nowMs);
    this.#fit(nowMs);
    this.#plan(nowMs);
  }

  /** What is to be written now. `inUse`: the part of the limit that is in use, whatever its share is. */
  report(nowMs: number, inUse: (key: string) => number): ShareReport {
    const shares: Record<string, ShareEntry> = {};
    if (!this.#hasAll) {
      for (const [key, limit] of this.#all()) {
        const former = this.#former.get(key);
        if (former !== undefined && nowMs >= former.untilMs) this.#former.delete(key);
        const lowered = this.#former.get(key)?.part ?? 0;
        const held = Math.max(this.partOf(key), lowered, inUse(key));
        const claimed = Math.max(held, this.#claims.get(key) ?? 0);
        shares[key] = [held, claimed, this.#wantOf(key, limit)];
      }
    }
    const holdsAll = this.#hasAll && !this.#isUnproven;
    this.#published = { holdsAll, claimsAll: this.#claimsAll, shares };
    return this.#published;
  }

  /**
   * After a renewal: what all have on the roster, read after `report` was written. `askedAtMs`: when writing
   * began. Returns who is dead and can be removed.
   */
  renewed(askedAtMs: number, nowMs: number, listed: readonly ListedMachine[]): ReadonlySet<string> {
    const dead = this.#meet(nowMs, listed);
    this.#renewedAtMs = askedAtMs;
    if (this.#others.length > 0) {
      this.#divide(nowMs);
      this.#fit(nowMs);
      this.#raise();
    } else if (this.#claimsAll) this.#takeAll();
    this.#isUnproven = false;
    this.#isNew = false;
    this.#plan(nowMs);
    return dead;
  }

  #meet(nowMs: number, listed: readonly ListedMachine[]): ReadonlySet<string> {
    const others = listed.filter(({ id }) => id !== this.#id);
    const dead = this.#liveness.look(nowMs, others);
    this.#others = others.filter(({ id }) => !dead.has(id));
    return dead;
  }

  /** Before anything is raised: what others name must not rise with the common part. */
  #nameAccounts(): void {
    for (const { report } of this.#others) {
      for (const key of Object.keys(report?.shares ?? {})) {
        if (commonOf(key) !== null) this.#name(key, this.#unitsOf(key));
      }
    }
  }

  #name(key: string, limit: number): void {
    if (this.#accounts.has(key) || this.#accounts.size >= MAX_ACCOUNTS) return;
    this.#held.set(key, this.partOf(key));
    const former = this.#former.get(commonOf(key) ?? '');
    if (former !== undefined) this.#former.set(key, former);
    this.#accounts.set(key, limit);
  }

  #forget(key: string): void {
    for (const kept of [this.#accounts, this.#held, this.#claims, this.#wants]) kept.delete(key);
    this.#former.delete(key);
  }

  /** Of every limit that is named now. */
  *#all(): Generator<readonly [key: string, units: number]> {
    yield* this.#limits;
    yield* this.#accounts;
  }

  /** There are others: from now on what is ours has to be named. */
  #divide(nowMs: number): void {
    if (this.#hasAll) {
      this.#hasAll = false;
      for (const key of this.#limits.keys()) {
        this.#held.set(key, this.#isNew ? 0 : 1);
        if (!this.#isNew && isRateKey(key)) this.#hold(key, 1, nowMs);
      }
    }
    this.#nameAccounts();
  }

  #takeAll(): void {
    this.#hasAll = true;
    this.#claimsAll = false;
    this.#accounts.clear();
    this.#held.clear();
    this.#claims.clear();
    this.#former.clear();
  }

  #fit(nowMs: number): void {
    if (!this.#isUnproven || this.#hasAll) return;
    for (const [key] of this.#all()) {
      const room = Math.max(0, this.#roomFor(key));
      if (this.partOf(key) > room + ROUNDING) this.#lower(key, room, nowMs);
    }
  }

  #raise(): void {
    for (const [key, claim] of this.#claims) {
      const published = this.#published?.shares[key]?.[1] ?? 0;
      const part = Math.min(claim, published, this.#roomFor(key));
      if (part > this.partOf(key)) this.#held.set(key, part);
    }
  }

  #plan(nowMs: number): void {
    this.#claims.clear();
    if (this.#others.length === 0) {
      this.#claimsAll = !this.#hasAll;
      // So does a first renewal: others may come at the same moment.
      if (this.#renewedAtMs === null) this.#claimsAll = true;
      return;
    }
    this.#claimsAll = false;
    for (const [key, limit] of [...this.#all()]) {
      const isContent = this.#isContent(key);
      const common = this.partOf(commonOf(key) ?? '');
      const target = isContent ? common : this.#targetOf(key, limit);
      const part = this.partOf(key);
      if (isContent && Math.abs(part - common) <= ROUNDING && !this.#former.has(key)) {
        this.#forget(key);
        continue;
      }
      if (part > target + ROUNDING) {
        if (isContent || this.#isAnyoneShortOf(key, limit)) this.#lower(key, target, nowMs);
        continue;
      }
      const claim = Math.min(target, this.#roomFor(key));
      if (claim > part + ROUNDING) this.#claims.set(key, claim);
    }
  }

  #lower(key: string, part: number, nowMs: number): void {
    if (isRateKey(key)) this.#hold(key, this.partOf(key), nowMs);
    this.#held.set(key, part);
  }

  #hold(key: string, part: number, nowMs: number): void {
    const former = Math.max(part, this.#former.get(key)?.part ?? 0);
    this.#former.set(key, { part: former, untilMs: nowMs + RATE_HOLD_MS });
  }

  #targetOf(key: string, limit: number): number {
    const wants = new Map([[this.#id, this.#wantOf(key, limit)]]);
    for (const { id, report } of this.#others) {
      if (knows(report, key)) wants.set(id, entryOf(report, key)[2]);
    }
    const ids = [...wants.keys()].sort();
    const parts = fairParts(
      limit,
      ids.map((id) => (wants.get(id) ?? 0) * limit),
    );
    return (parts[ids.indexOf(this.#id)] ?? 0) / limit;
  }

  /** Of an account: nobody wants another part than the common one any more. */
  #isContent(key: string): boolean {
    if (!this.#accounts.has(key)) return false;
    const enough = this.partOf(commonOf(key) ?? '') + ROUNDING;
    const isEnough = this.#others.every(({ report }) => entryOf(report, key)[2] <= enough);
    return isEnough && (this.#wants.get(key) ?? 0) <= enough;
  }

  #wantOf(key: string, limit: number): number {
    if (this.#accounts.has(key)) return this.#wants.get(key) ?? 0;
    return Math.max(this.#leastOf(limit), this.#wants.get(key) ?? 0);
  }

  #isAnyoneShortOf(key: string, limit: number): boolean {
    const least = this.#leastOf(limit);
    return this.#others.some(({ report }) => {
      if (!knows(report, key)) return false;
      const [held, claimed, wanted] = entryOf(report, key);
      return Math.max(least, wanted) > Math.max(held, claimed) + ROUNDING;
    });
  }

  #leastOf(limit: number): number {
    return leastPart(limit, this.#others.length + 1) / limit;
  }

  /** What the others leave of the limit; below 0 where they hold too much. */
  #roomFor(key: string): number {
    let taken = 0;
    for (const { report } of this.#others) {
      const [held, claimed] = entryOf(report, key);
      taken += Math.max(held, claimed);
    }
    return 1 - taken;
  }
}

/** One that does not name a limit while it names others does not have it. */
function knows(report: ShareReport | null, key: string): boolean {
  if (report === null || report.holdsAll || report.claimsAll) return true;
  return Object.hasOwn(report.shares, key) || commonOf(key) !== null;
}

function entryOf(report: ShareReport | null, key: string): ShareEntry {
  if (report === null || report.holdsAll || report.claimsAll) return [1, 1, 0];
  if (Object.hasOwn(report.shares, key)) return report.shares[key] ?? NOTHING;
  const common = report.shares[commonOf(key) ?? ''] ?? NOTHING;
  return [common[0], common[1], 0];
}
