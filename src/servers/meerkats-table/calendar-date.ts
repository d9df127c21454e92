/**
 * Dates are ISO 8601 text: a day (`2026-03-01`) stays a day, a date-time becomes UTC with milliseconds
 * (`2026-03-01T12:00:00.000Z`). In that form text order is time order, and a day equals its UTC midnight.
 */

const DAY = /^\d{4}-\d{2}-\d{2}$/;
// Every quantifier is bounded, so matching is linear in 35 characters at most.
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})?$/;

export const DATE_SHAPE = 'an ISO 8601 date such as "2026-03-01" or "2026-03-01T12:00:00Z"';

/** The canonical form, or null when the text names no existing day or instant. No offset means UTC. */
export function canonicalDate(text: string): string | null {
  if (DAY.test(text)) return isCalendarDay(text) ? text : null;
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const [, day = '', minutes = '', seconds = ':00', offset = 'Z'] = match;
  if (!isCalendarDay(day)) return null;
  const zone =
    offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset.toUpperCase();
  const instant = new Date(`${day}T${minutes}${seconds}${zone}`);
  if (Number.isNaN(instant.getTime())) return null;
  const canonical = instant.toISOString();
  // An offset can push year 9999 or 0000 out of four digits, where text order is no longer time order.
  return DAY.test(canonical.slice(0, 10)) ? canonical : null;
}

/** What dates are compared by. */
export function comparableDate(canonical: string): string {
  return canonical.length === 10 ? `${canonical}T00:00:00.000Z` : canonical;
}

function isCalendarDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00.000Z`);
  // The parser accepts 30 February and rolls it over to March.
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
