/** Numbers and times as people read them; each with its unit. */

const grouping = new Intl.NumberFormat('en');

/** @param {number} value */
export function count(value) {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e5) return `${Math.round(value / 1e3)} k`;
  return grouping.format(Math.round(value));
}

/** @param {number | null | undefined} value */
export function ms(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0 ms';
  if (value >= 60_000) return `${(value / 60_000).toFixed(1)} min`;
  if (value >= 1000) return `${(value / 1000).toFixed(value >= 10_000 ? 0 : 1)} s`;
  return `${value >= 100 ? Math.round(value) : value.toFixed(value >= 10 ? 1 : 2)} ms`;
}

/** @param {number | null | undefined} value */
export function bytes(value) {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let rest = value;
  for (; rest >= 1000 && unit < units.length - 1; unit += 1) rest /= 1000;
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}

/** @param {number} value */
export function perSecond(value) {
  return value >= 100 || Number.isInteger(value) ? count(value) : value.toFixed(1);
}

/** @param {number | null | undefined} value 0..100 */
export function percent(value) {
  if (value === null || value === undefined) return '–';
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

/** The two largest units. @param {number} seconds */
export function duration(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ]) {
    const number = Math.floor(rest / size);
    rest -= number * size;
    if (number > 0) parts.push(`${number}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}

/** @param {string} iso */
export function clock(iso) {
  return new Date(iso).toLocaleTimeString('en-GB');
}
