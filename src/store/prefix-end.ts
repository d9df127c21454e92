/** Where a prefix ends, for stores whose bounds must be text: every string that starts with it sorts below. */

const LAST_CODE_POINT = 0x10ffff;
const BEFORE_SURROGATES = 0xd7ff;
const AFTER_SURROGATES = 0xe000;

/**
 * The least string above all that start with `prefix`, by code points, which is also by UTF-8 bytes.
 * Throws a RangeError when there is none: for an empty prefix and for one of U+10FFFF alone.
 */
export function endOfPrefix(prefix: string): string {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? LAST_CODE_POINT;
    if (point === LAST_CODE_POINT) continue;
    // Half a surrogate pair has no UTF-8, so the range steps over them.
    const next = point === BEFORE_SURROGATES ? AFTER_SURROGATES : point + 1;
    return points.join('') + String.fromCodePoint(next);
  }
  throw new RangeError('no string is above every string with this prefix');
}
