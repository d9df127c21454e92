/**
 * Divides a limit among those who want parts of it: max-min fairness in whole units. Who wants little gets
 * that, the others divide the rest equally, and what nobody wants is dealt out equally too, so that a burst
 * finds something where it comes. Nobody gets less than a floor, for then it could not even be seen to want.
 */

/** A quiet one keeps this part of what would be its equal part. */
const FLOOR_RATIO = 1 / 4;

/** The least part of a limit, in units, with so many sharers: at least 1, though there may be none left. */
export function leastPart(limit: number, sharers: number): number {
  return Math.max(1, Math.floor((limit / Math.max(1, sharers)) * FLOOR_RATIO));
}

/**
 * Parts in whole units, in the order of `wants` (units); they sum up to `limit` exactly. Among equals later ones get the
 * remainders, so all who agree on the order agree on the parts.
 */
export function fairParts(limit: number, wants: readonly number[]): readonly number[] {
  const least = leastPart(limit, wants.length);
  const modest = wants
    .map((want, index) => ({ index, want: Math.min(limit, Math.max(least, Math.ceil(want))) }))
    .sort((one, other) => one.want - other.want || one.index - other.index);
  const parts = wants.map(() => 0);
  let left = limit;
  for (const [rank, { index, want }] of modest.entries()) {
    const part = Math.min(want, Math.floor(left / (modest.length - rank)));
    parts[index] = part;
    left -= part;
  }
  for (const [rank, { index }] of modest.entries()) {
    const more = Math.floor(left / (modest.length - rank));
    parts[index] = (parts[index] ?? 0) + more;
    left -= more;
  }
  return parts;
}
