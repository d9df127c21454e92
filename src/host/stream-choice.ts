/**
 * Which stream of a legacy session carries a message that the server began. A stdio server does not say
 * what caused it, so: what names its cause goes there; with one POST in flight that one caused it (the
 * progress, sampling and elicitation of a call must come on the call's own stream); otherwise the
 * standing GET stream, and failing that the oldest POST. Always exactly one (2025-11-25
 * basic/transports, "Multiple Connections").
 */
import type { SessionStream } from './session-stream.js';

/** They concern the session, not a request: an SDK server sends them on the standing stream too. */
const SESSION_NOTIFICATIONS = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
]);

export interface StreamCandidates {
  /** The stream of the request that the message names: by channel, progress token or cancelled id. */
  readonly named: SessionStream | undefined;
  readonly method: string;
  /** Streams that still owe responses, oldest first. */
  readonly inFlight: Iterable<SessionStream>;
  readonly inFlightCount: number;
  readonly standing: SessionStream;
}

export function chooseStream(candidates: StreamCandidates): SessionStream {
  const { named, method, inFlight, inFlightCount, standing } = candidates;
  if (named !== undefined) return named;
  const isCausedByOne = inFlightCount === 1 && !SESSION_NOTIFICATIONS.has(method);
  if (standing.isAttached && !isCausedByOne) return standing;
  for (const oldest of inFlight) return oldest;
  // Nobody listens: kept for the next GET, as far as the store reaches.
  return standing;
}
