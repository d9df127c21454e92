/**
 * Whether a child has been silent for too long, judged at a fixed pace. A judge that was itself kept from
 * running (a starved machine, a stopped process) has not read what the child sent meanwhile, so the
 * time by which a judgement comes late is not counted against the child.
 */
export class Heartbeat {
  readonly #paceMs: number;
  #seenAtMs: number;
  #judgedAtMs: number;

  /** `paceMs`: how often `isSilent` is going to be asked. */
  constructor(paceMs: number, nowMs: number) {
    this.#paceMs = paceMs;
    this.#seenAtMs = nowMs;
    this.#judgedAtMs = nowMs;
  }

  seen(nowMs: number): void {
    this.#seenAtMs = nowMs;
  }

  isSilent(nowMs: number, limitMs: number): boolean {
    const lateMs = nowMs - this.#judgedAtMs - this.#paceMs;
    this.#judgedAtMs = nowMs;
    // A late judgement a little early the next time is the timer's, not a reason to take it back.
    if (lateMs > 0) this.#seenAtMs = Math.min(nowMs, this.#seenAtMs + lateMs);
    return nowMs - this.#seenAtMs > limitMs;
  }
}
