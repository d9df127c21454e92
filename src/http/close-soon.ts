/**
 * Runs what closes a connection in a later turn of the event loop, among its timers. Not with setImmediate: there
 * uWebSockets.js frees the handle of the connection before the connection looks at it, and 450 bytes of each stay for
 * ever (measured on the pinned build: 64 against 49 MB after 32,000 connections).
 */
export function closeSoon(close: () => void): void {
  setTimeout(close, 0);
}
