/**
 * What the end of one attempt says about the upstream. Failures are timeouts, resets, garbage and
 * 5xx: never a 4xx, a tool's own `isError`, a client that left, or an end that was ours, such as the most processes
 * of a stdio server, which one user can use up. Signs of overload are timeouts, 429, 503 and 504 (RELIABILITY §5).
 */
import type { GatewayError } from '../kernel/errors.js';
import type { AttemptEnd } from './admission.js';
import type { RelayResult } from './relay-response.js';

export interface AttemptFacts {
  readonly latencyClass: string;
  readonly latencyMs: number;
  /** A listening stream's length is no latency, and its silence no fault. */
  readonly isListening: boolean;
  /** To GET and DELETE some servers answer with a page. */
  readonly isPost: boolean;
}

type Judgement = Pick<AttemptEnd, 'health' | 'load'>;

const NOTHING: Judgement = { health: 'ignore', load: 'ignore' };

export function attemptEnd(end: RelayResult | GatewayError, facts: AttemptFacts): AttemptEnd {
  const { latencyClass, latencyMs, isListening } = facts;
  const judged = 'outcome' in end ? ofResult(end, facts) : ofError(end, facts);
  const load = isListening && judged.load === 'success' ? 'ignore' : judged.load;
  return { health: judged.health, load, latencyClass, latencyMs };
}

function ofResult({ outcome, status }: RelayResult, facts: AttemptFacts): Judgement {
  if (outcome === 'client-closed') return NOTHING;
  return outcome === 'answered' ? ofStatus(status) : ofError(outcome, facts);
}

function ofStatus(status: number): Judgement {
  const load = status === 429 || status === 503 || status === 504 ? 'dropped' : 'ignore';
  if (status >= 500) return { health: 'failure', load };
  if (status >= 400) return { health: 'success', load };
  return { health: 'success', load: 'success' };
}

function ofError({ code, options }: GatewayError, facts: AttemptFacts): Judgement {
  if (code === 'GW_UPSTREAM_TIMEOUT') {
    return facts.isListening ? NOTHING : { health: 'failure', load: 'dropped' };
  }
  if (code !== 'GW_UPSTREAM_UNREACHABLE' && code !== 'GW_UPSTREAM_PROTOCOL') return NOTHING;
  // The upstream host's pause before it starts a process again: nobody asked the server.
  if (code === 'GW_UPSTREAM_UNREACHABLE' && options.retryAfterMs !== undefined) return NOTHING;
  // Whoever cancels its calls would count as a failure each time.
  if (options.log?.['endedUnanswered'] === true) return NOTHING;
  const status = options.log?.['upstreamStatus'];
  if (typeof status !== 'number') return { health: 'failure', load: 'ignore' };
  if (status < 300 && !facts.isPost) return NOTHING;
  // A refused credential or a redirect: wrong for the operator, but the server lives.
  if (status >= 300 && status < 500) {
    return { health: 'ignore', load: status === 429 ? 'dropped' : 'ignore' };
  }
  return { health: 'failure', load: status >= 500 ? ofStatus(status).load : 'ignore' };
}
