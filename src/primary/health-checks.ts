/**
 * Sees to it that every enabled server is really asked every `healthCheckInterval`, through one worker at
 * a time, and keeps what was found. The first round begins at once, of many servers spread over a few seconds;
 * later ones are jittered, so that servers are not asked in step. One that did not answer is asked again sooner,
 * so that a hiccup is not taken for an outage for a whole interval. Results feed `/health` and the metrics;
 * the circuit breakers and the adaptive limits have their own eyes.
 */
import { wallDate } from '../kernel/clock.js';
import type { ServerCheck } from '../ipc/server-check.js';

export interface ServerHealth {
  /** `unknown` until the first answer; `idle`: it answered when last asked, and nothing of it runs now. */
  readonly state: 'unknown' | 'up' | 'idle' | 'down';
  readonly era: ServerCheck['era'];
  /** Of the last check that asked; null before. */
  readonly latencyMs: number | null;
  /** Null: not known. */
  readonly tools: readonly string[] | null;
  /** ISO 8601; null before the first check. */
  readonly checkedAt: string | null;
  /** What is wrong now, or null. */
  readonly problem: string | null;
  /** The last thing that was wrong, and when; they stay when it is well again. */
  readonly lastError: string | null;
  readonly lastErrorAt: string | null;
  readonly failuresInARow: number;
}

export interface HealthChecksOptions {
  /** Read at each check. */
  readonly intervalMs: () => number;
  /** Names of the enabled servers, as they are now. */
  readonly servers: () => readonly string[];
  /** Has a worker ask; false: there is none. The answer comes through `checked`. */
  readonly ask: (server: string, check: number) => boolean;
  /** The server's list of tools is news. */
  readonly onTools: (server: string, tools: readonly string[]) => void;
  readonly onChange: (server: string, health: ServerHealth, before: ServerHealth) => void;
  /** 0..1. */
  readonly random: () => number;
}

interface Checked {
  health: ServerHealth;
  dueAtMs: number;
  /** The check that is out; null: none. */
  running: { readonly check: number; readonly untilMs: number } | null;
  checks: number;
  failures: number;
}

/** At once, of all servers: a machine with fifty stdio servers must not start fifty processes together. */
const MAX_RUNNING = 4;
const FIRST_ROUND_MS = 3000;
const JITTER = 0.1;
/** After the first failed check; twice as long after each further one, up to the interval. */
const ASK_AGAIN_MS = 5000;
/** Longer than a worker takes for the longest check with the wait for a slot. */
const ANSWER_MS = 45_000;

const UNKNOWN: ServerHealth = {
  state: 'unknown',
  era: null,
  latencyMs: null,
  tools: null,
  checkedAt: null,
  problem: null,
  lastError: null,
  lastErrorAt: null,
  failuresInARow: 0,
};

export class HealthChecks {
  readonly #options: HealthChecksOptions;
  readonly #servers = new Map<string, Checked>();
  #lastCheck = 0;

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  of(server: string): ServerHealth {
    return this.#servers.get(server)?.health ?? UNKNOWN;
  }

  /** Checks made since the start, by server and how they ended. */
  counts(): ReadonlyMap<string, { readonly up: number; readonly down: number }> {
    return new Map(
      Array.from(this.#servers, ([server, { checks, failures }]) => [
        server,
        { up: checks - failures, down: failures },
      ]),
    );
  }

  /** Begins what is due; to be called every quarter of a second or so. */
  tick(nowMs: number): void {
    this.#adopt(nowMs);
    let running = 0;
    for (const checked of this.#servers.values()) {
      // A worker that died with the question on it does not answer: another is asked.
      if (checked.running !== null && checked.running.untilMs <= nowMs) checked.running = null;
      if (checked.running !== null) running += 1;
    }
    // The interval may have been shortened since.
    const latestMs = nowMs + this.#options.intervalMs() * (1 + JITTER);
    for (const checked of this.#servers.values()) {
      checked.dueAtMs = Math.min(checked.dueAtMs, latestMs);
    }
    // Longest due first: servers that time out must not take the turns of those behind them.
    const due = Array.from(this.#servers)
      .filter(([, { running: out, dueAtMs }]) => out === null && dueAtMs <= nowMs)
      .sort(([, a], [, b]) => a.dueAtMs - b.dueAtMs);
    for (const [server, checked] of due) {
      if (running >= MAX_RUNNING) return;
      this.#lastCheck += 1;
      if (!this.#options.ask(server, this.#lastCheck)) return;
      checked.running = { check: this.#lastCheck, untilMs: nowMs + ANSWER_MS };
      running += 1;
    }
  }

  /** A worker's answer. One that comes late, to a check given up, is not heard. */
  checked(nowMs: number, server: string, check: number, result: ServerCheck): void {
    const checked = this.#servers.get(server);
    if (checked?.running?.check !== check) return;
    checked.running = null;
    const { onTools, onChange } = this.#options;
    const before = checked.health;
    if (result.outcome !== 'skipped') {
      checked.checks += 1;
      if (result.outcome === 'down') checked.failures += 1;
      checked.health = healthAfter(before, result);
    }
    checked.dueAtMs = nowMs + this.#pauseMs(checked.health);
    if (result.outcome === 'skipped') return;
    if (result.tools !== null && !isSame(result.tools, before.tools)) onTools(server, result.tools);
    if (checked.health.state !== before.state) onChange(server, checked.health, before);
  }

  #pauseMs({ failuresInARow }: ServerHealth): number {
    const { intervalMs, random } = this.#options;
    const pauseMs =
      failuresInARow === 0
        ? intervalMs()
        : Math.min(intervalMs(), ASK_AGAIN_MS * 2 ** (failuresInARow - 1));
    return pauseMs * (1 + JITTER * (2 * random() - 1));
  }

  /** Servers come and go with the configuration. */
  #adopt(nowMs: number): void {
    const names = this.#options.servers();
    if (names.length === this.#servers.size && names.every((name) => this.#servers.has(name)))
      return;
    for (const name of this.#servers.keys()) {
      if (!names.includes(name)) this.#servers.delete(name);
    }
    const newcomers = names.filter((name) => !this.#servers.has(name));
    const isMany = newcomers.length > MAX_RUNNING;
    const spreadMs = isMany ? Math.min(FIRST_ROUND_MS, this.#options.intervalMs()) : 0;
    for (const name of newcomers) {
      this.#servers.set(name, {
        health: UNKNOWN,
        dueAtMs: nowMs + spreadMs * this.#options.random(),
        running: null,
        checks: 0,
        failures: 0,
      });
    }
  }
}

function healthAfter(before: ServerHealth, result: ServerCheck): ServerHealth {
  const checkedAt = wallDate().toISOString();
  const { problem } = result;
  const error = problem === null ? {} : { lastError: problem, lastErrorAt: checkedAt };
  if (result.outcome === 'down') {
    const failuresInARow = before.failuresInARow + 1;
    const { latencyMs } = result;
    return { ...before, ...error, state: 'down', checkedAt, latencyMs, problem, failuresInARow };
  }
  const isIdle = result.by === 'idle';
  return {
    ...before,
    ...error,
    state: isIdle ? 'idle' : 'up',
    era: result.era ?? before.era,
    latencyMs: isIdle ? before.latencyMs : result.latencyMs,
    tools: result.tools ?? before.tools,
    checkedAt,
    problem,
    failuresInARow: 0,
  };
}

function isSame(names: readonly string[], others: readonly string[] | null): boolean {
  return names.length === others?.length && names.every((name, i) => name === others[i]);
}
