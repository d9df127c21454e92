/**
 * "Did you mean": the known name closest to a mistyped one, by optimal string alignment distance (Damerau 1964:
 * insertions, deletions, substitutions and swaps of neighbours, each of cost 1), or null when none is near.
 */
export function nearest(typed: string, known: Iterable<string>): string | null {
  const plain = normalise(typed);
  let best: string | null = null;
  // A third of the name may be wrong: "prot" finds "port", "foo" finds nothing.
  let bestDistance = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const name of known) {
    const distance = plain === normalise(name) ? 0 : alignmentDistance(typed, name);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** `max_body_bytes`, `max-body-bytes` and `MaxBodyBytes` all mean `maxBodyBytes`. */
function normalise(name: string): string {
  return name.replaceAll(/[-_ ]/g, '').toLowerCase();
}

function alignmentDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + changed);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
