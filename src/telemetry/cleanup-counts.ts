/**
 * What clean-ups have removed because it was idle or expired, by kind. Every process counts its own and
 * tells the primary now and then what was added; the kinds are few and fixed, so the label is bounded.
 */

export const CLEANED = [
  /** Accounts of callers whose rate limit constrains nobody any more: the primary's, and workers' shares. */
  'rate-limits',
  'rate-shares',
  /** Cached verdicts about credentials, good and bad; users' own upstream credentials. */
  'identities',
  'credentials',
  /** Legacy sessions in upstream hosts, and finished streams that a client could still have resumed. */
  'sessions',
  'streams',
  /** Processes of stdio servers. */
  'processes',
  /** Idle connections to HTTP servers. */
  'connections',
] as const;

export type Cleaned = (typeof CLEANED)[number];

/** Plain data: crosses the process border as JSON. */
export type CleanupDelta = Readonly<Partial<Record<Cleaned, number>>>;

export class CleanupCounts {
  #counts: Partial<Record<Cleaned, number>> = {};

  removed(kind: Cleaned, count = 1): void {
    if (count > 0) this.#counts[kind] = (this.#counts[kind] ?? 0) + count;
  }

  /** Since the last time; undefined when there was nothing. */
  take(): CleanupDelta | undefined {
    const taken = this.#counts;
    this.#counts = {};
    return Object.keys(taken).length === 0 ? undefined : taken;
  }
}

export class CleanupTotals {
  readonly #totals = new Map<Cleaned, number>(CLEANED.map((kind) => [kind, 0]));

  /** Whatever a report held; what is no count of a known kind is not heard. */
  add(delta: unknown): void {
    if (typeof delta !== 'object' || delta === null) return;
    const counts: Readonly<Record<string, unknown>> = { ...delta };
    for (const kind of CLEANED) {
      const count = counts[kind];
      if (typeof count === 'number' && count > 0) {
        this.#totals.set(kind, (this.#totals.get(kind) ?? 0) + count);
      }
    }
  }

  /** Every kind, also those of which nothing was removed. */
  totals(): ReadonlyMap<Cleaned, number> {
    return this.#totals;
  }
}
