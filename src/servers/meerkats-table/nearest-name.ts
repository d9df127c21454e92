/**
 * "Did you mean …?": the known name closest to a mistyped one by Levenshtein distance, letter case
 * ignored. Nothing is suggested when more than a third of the letters would have to change.
 */

/** Names are at most 63 characters; comparing longer inputs would only cost time. */
const MAX_COMPARED_LENGTH = 80;

export function nearestName(wanted: string, known: Iterable<string>): string | null {
  if (wanted.length > MAX_COMPARED_LENGTH) return null;
  const target = wanted.toLowerCase();
  let nearest: string | null = null;
  let nearestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(target, name.toLowerCase());
    if (distance < nearestDistance) {
      nearest = name;
      nearestDistance = distance;
    }
  }
  return nearest;
}

/** ` Did you mean "x"?`, or nothing: to follow the full stop of an error text. */
export function didYouMean(wanted: unknown, known: Iterable<string>): string {
  const name = typeof wanted === 'string' ? nearestName(wanted, known) : null;
  return name === null ? '' : ` Did you mean "${name}"?`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const deletion = (previous[column] ?? 0) + 1;
      const insertion = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(substitution, deletion, insertion));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
