/**
 * What this machine wants of the limits that it divides with others: what it used in the last seconds, and
 * a quarter more; of a rate that turned calls away, all it can get. Only counted while limits are divided.
 */
import type { LedgerSnapshot } from '../policy/lease-ledger.js';
import {
  accountRate,
  accountSlots,
  FINE_UNITS,
  GATEWAY_RATE,
  serverRate,
  serverSlots,
  TOTAL_SLOTS,
} from '../policy/limit-shares.js';
import { MAX_OWN_ACCOUNTS } from '../policy/machine-shares.js';
import { RateWants } from '../policy/rate-wants.js';
import { RecentPeak } from '../policy/recent-peak.js';
import type { UserUse } from '../policy/user-books.js';
import type { SharedLimit } from './shared-limits.js';

const SPAN_MS = 1000;
const AHEAD_RATIO = 1.25;
/** A user who comes in bursts should not have to begin again each time. */
const ACCOUNT_SPAN_MS = 5000;

/** Slots that are out, and calls that wait for one; by the ledger of calls. */
export interface SlotUse {
  snapshot(): LedgerSnapshot;
  readonly users: Pick<UserUse, 'shortOf' | 'load'>;
}

interface AccountWant {
  readonly units: number;
  readonly limit: number;
}

export class MachineWants {
  readonly rates = new RateWants();
  readonly #slots = new Map<string, RecentPeak>();
  readonly #accounts = new Map<string, { readonly peak: RecentPeak; readonly limit: number }>();

  /** Takes in what is out and waits now; to be called several times a second. */
  sample(ledger: SlotUse, nowMs: number): void {
    const { total, queued, servers } = ledger.snapshot();
    this.#sampleAccounts(ledger, nowMs);
    this.#note(TOTAL_SLOTS, total.out + queued, nowMs);
    const keys = new Set([TOTAL_SLOTS]);
    for (const { server, out, queued: waiting } of servers) {
      const key = serverSlots(server);
      keys.add(key);
      this.#note(key, out + waiting, nowMs);
    }
    for (const key of this.#slots.keys()) if (!keys.has(key)) this.#slots.delete(key);
  }

  /** Of users, keys and grants that were short of their part lately: what they want of their limits, in its units. */
  ofAccounts(nowMs: number): ReadonlyMap<string, AccountWant> {
    const wants = new Map<string, AccountWant>();
    for (const [name, { peak, limit }] of this.#accounts) {
      const units = Math.ceil(peak.value(nowMs) * AHEAD_RATIO);
      wants.set(accountSlots(name), { units, limit });
    }
    for (const [key, want] of this.rates.accountWants(nowMs)) wants.set(accountRate(key), want);
    return wants;
  }

  /** In units of the limit; 0 of what nobody counts, such as the many limits of users. */
  unitsOf(key: string, { units, perSecond }: SharedLimit, nowMs: number): number {
    if (perSecond === null) {
      const peak = this.#slots.get(key)?.value(nowMs) ?? 0;
      return peak === 0 ? 0 : Math.ceil(peak * AHEAD_RATIO) + 1;
    }
    const spent = this.rates.wantOf(accountOf(key), nowMs);
    if (spent === Infinity) return units;
    const unitsPerCall = units === FINE_UNITS ? FINE_UNITS / perSecond : 1;
    return Math.min(units, Math.ceil(spent * AHEAD_RATIO * unitsPerCall));
  }

  /** One that was short once is watched until it has nothing to do for a while. */
  #sampleAccounts({ users }: SlotUse, nowMs: number): void {
    for (const name of users.shortOf(MAX_OWN_ACCOUNTS)) {
      if (this.#accounts.has(name) || this.#accounts.size >= MAX_OWN_ACCOUNTS) continue;
      const { limit } = users.load(name) ?? { limit: 1 };
      this.#accounts.set(name, { peak: new RecentPeak(ACCOUNT_SPAN_MS), limit });
    }
    for (const [name, { peak }] of this.#accounts) {
      peak.note(nowMs, users.load(name)?.busy ?? 0);
      if (peak.value(nowMs) === 0) this.#accounts.delete(name);
    }
  }

  #note(key: string, value: number, nowMs: number): void {
    let peak = this.#slots.get(key);
    if (peak === undefined) {
      peak = new RecentPeak(SPAN_MS);
      this.#slots.set(key, peak);
    }
    peak.note(nowMs, value);
  }
}

/** As rate budgets name it. */
function accountOf(key: string): string {
  return key === GATEWAY_RATE ? 'gateway' : key.replace(serverRate(''), 'server:');
}
