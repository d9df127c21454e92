/** The outcome of one health check, as the worker that asked tells it to the primary. */
export interface ServerCheck {
  /** `skipped`: the server had no slot free, so it is at work and was not asked. */
  readonly outcome: 'up' | 'down' | 'skipped';
  /** Of the question that decided; 0 when none was asked. */
  readonly latencyMs: number;
  readonly era: 'modern' | 'legacy' | null;
  /** `idle`: no process of it runs; it answered when it was last asked. */
  readonly by: 'request' | 'session' | 'instance' | 'idle';
  /** Names of its tools; null when it was not asked for them this time. */
  readonly tools: readonly string[] | null;
  /** One sentence; null when nothing is wrong. */
  readonly problem: string | null;
}

const OUTCOMES: readonly unknown[] = ['up', 'down', 'skipped'];
const MAX_TOOLS = 1000;

export function isServerCheck(value: unknown): value is ServerCheck {
  if (typeof value !== 'object' || value === null) return false;
  const check = value as Readonly<Record<string, unknown>>;
  const { outcome, latencyMs, tools, problem } = check;
  return (
    OUTCOMES.includes(outcome) &&
    typeof latencyMs === 'number' &&
    (problem === null || typeof problem === 'string') &&
    (tools === null ||
      (Array.isArray(tools) &&
        tools.length <= MAX_TOOLS &&
        tools.every((name) => typeof name === 'string')))
  );
}
