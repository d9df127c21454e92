/**
 * What the log, the terminal and a service manager are told about the gateway as a whole: one line each, with the
 * numbers that somebody who looks at nothing else wants. Pure text.
 */

export interface StatusFacts {
  readonly status: string;
  readonly readyServers: number;
  /** Enabled ones. */
  readonly servers: number;
  readonly requestsPerSecond: number;
  readonly servingWorkers: number;
  readonly workers: number;
}

/** `degraded: 12/13 servers ready, 340 req/s, 4/4 workers` */
export function statusWords(facts: StatusFacts): string {
  const { status, readyServers, servers, servingWorkers, workers } = facts;
  const rate = Math.round(facts.requestsPerSecond);
  return `${status}: ${readyServers}/${servers} servers ready, ${rate} req/s, ${servingWorkers}/${workers} workers`;
}

/** `draining 14 requests …`. `inFlight`: as the workers last said, up to a second ago. */
export function drainWords(inFlight: number): string {
  return inFlight === 0 ? 'draining …' : `draining ${counted(inFlight, 'request')} …`;
}

/** `stopped, drained in 0.8 s` */
export function stoppedWords(tookMs: number): string {
  return `stopped, drained in ${(tookMs / 1000).toFixed(1)} s`;
}

export interface AnswerFacts {
  readonly server: string;
  /** Whether it did not answer before; false at its first answer. */
  readonly wasDown: boolean;
  /** Null: not known. */
  readonly ms: number | null;
  readonly tools: number | null;
}

/** `server github ready in 840 ms (23 tools)`, or `… answers again …` */
export function answerWords({ server, wasDown, ms, tools }: AnswerFacts): string {
  const verb = wasDown ? 'answers again' : 'ready';
  const took = ms === null ? '' : ` in ${Math.round(ms)} ms`;
  const found = tools === null ? '' : ` (${counted(tools, 'tool')})`;
  return `server ${server} ${verb}${took}${found}`;
}

/** `1 tool`, `2 tools` */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
