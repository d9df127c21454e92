/**
 * What this machine wants of the limits that it divides with others: what it used in the last seconds, and
 * a quarter more; of a rate that turned calls away, all it can get. Only counted while limits are divided.
 */
import type { LedgerSnapshot } from '../policy/lease-ledger.js';
import {
  FINE_UNITS,
  GATEWAY_RATE,
  serverRate,
  serverSlots,
  TOTAL_SLOTS,
} from '../policy/limit-shares.js';
import { RateWants } from '../policy/rate-wants.js';
import { RecentPeak } from '../policy/recent-peak.js';
import type { SharedLimit } from './shared-limits.js';

const SPAN_MS = 1000;
const AHEAD_RATIO = 1.25;

export class MachineWants {
  readonly rates = new RateWants();
  readonly #slots = new Map<string, RecentPeak>();

  /** Takes in what is out and waits now; to be called several times a second. */
  sample({ total, queued, servers }: LedgerSnapshot, nowMs: number): void {
    this.#note(TOTAL_SLOTS, total.out + queued, nowMs);
    const keys = new Set([TOTAL_SLOTS]);
    for (const { server, out, queued: waiting } of servers) {
      const key = serverSlots(server);
      keys.add(key);
      this.#note(key, out + waiting, nowMs);
    }
    for (const key of this.#slots.keys()) if (!keys.has(key)) this.#slots.delete(key);
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
