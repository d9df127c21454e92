/**
 * Who gives up an instance of a server when all that it may have (`maxProcesses`) are held and somebody
 * needs one. Without it one user who opens sessions and comes back to none of them would keep everybody
 * from the server until `idleTimeout`. Nothing that works is ended, and users end up with equally many
 * (max-min fairness), so that two of them cannot take one from each other for ever.
 */

export interface HeldInstance {
  readonly user: string;
  /** A call or the handshake is under way: it is never given up. */
  readonly isBusy: boolean;
  /** Its client has an event stream open. */
  readonly isListening: boolean;
  /** It keeps no session: its end costs the next call a start, and nobody anything else. */
  readonly isStateless: boolean;
  /** Monotonic. */
  readonly lastUsedAtMs: number;
}

/** A client that is there has opened its stream or called by then. Chosen. */
const ABANDONED_AFTER_MS = 30_000;

/** The one to end for `user`, of whose requests `waiting` others wait for one; undefined: all are in use. */
export function instanceToEvict<Held extends HeldInstance>(
  held: Iterable<Held>,
  asking: { readonly user: string; readonly waiting: number },
  nowMs: number,
): Held | undefined {
  const all = [...held];
  const counts = new Map<string, number>();
  for (const { user } of all) counts.set(user, (counts.get(user) ?? 0) + 1);
  const countOf = (user: string): number => counts.get(user) ?? 0;
  const own = countOf(asking.user) + asking.waiting;

  const mayEnd = (instance: Held): boolean => {
    if (instance.isBusy) return false;
    if (instance.isStateless && !instance.isListening) return true;
    // With one less its holder still has as many as the one who asks will have.
    if (instance.user !== asking.user) return countOf(instance.user) >= own + 2;
    return !instance.isListening && nowMs - instance.lastUsedAtMs >= ABANDONED_AFTER_MS;
  };
  const isBetter = (one: Held, other: Held): boolean => {
    if (one.isListening !== other.isListening) return other.isListening;
    if (one.isStateless !== other.isStateless) return one.isStateless;
    const more = countOf(one.user) - countOf(other.user);
    return more === 0 ? one.lastUsedAtMs < other.lastUsedAtMs : more > 0;
  };

  let best: Held | undefined;
  for (const instance of all) {
    if (mayEnd(instance) && (best === undefined || isBetter(instance, best))) best = instance;
  }
  return best;
}
