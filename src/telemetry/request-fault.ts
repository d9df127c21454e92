/** Whether a request ended by a fault of the gateway or of a server, as its labels tell. */
const STATUSES = new Set(['500', '502', '504']);
/** In an event stream they come behind a status of 200. */
const REASONS = new Set(['GW_UPSTREAM_TIMEOUT', 'GW_UPSTREAM_UNREACHABLE', 'GW_UPSTREAM_PROTOCOL']);
/** Their streams end when nobody says anything, or with the server's next start: clients come back. */
const LISTENING = new Set(['GET', 'subscriptions/listen']);

/** Refusals (429, 503) are none. */
export function isFault(method: string, status: string, reason: string): boolean {
  return STATUSES.has(status) || (REASONS.has(reason) && !LISTENING.has(method));
}
