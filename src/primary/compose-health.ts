/** Joins the health checks to the workers that ask, and to those who want to know. */
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import type { WorkerToPrimary } from '../ipc/worker-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import type { MetricFamily } from '../telemetry/metric-family.js';
import { HealthChecks, type ServerHealth } from './health-checks.js';
import { healthGauges } from './health-gauges.js';
import type { ProcessTree } from './process-tree.js';
import type { WorkerPlace } from './worker-place.js';
import { answerWords } from './words.js';

export interface ComposedHealth {
  readonly families: readonly MetricFamily[];
  of(server: string): ServerHealth;
  start(): void;
  stop(): void;
  /** A worker's answer. */
  onChecked(message: Extract<WorkerToPrimary, { readonly type: 'server-checked' }>): void;
  /** A new worker knows no tools yet. */
  onWorkerReady(place: WorkerPlace): void;
}

const TICK_MS = 250;

export function composeHealth(
  config: () => Pick<Config, 'servers' | 'monitoring'>,
  tree: () => ProcessTree,
  log: Logger,
): ComposedHealth {
  const servers = (): readonly string[] =>
    Object.values(config().servers)
      .filter(({ enabled }) => enabled)
      .map(({ name }) => name);
  const tools = new Map<string, readonly string[]>();
  const checks = new HealthChecks({
    intervalMs: () => config().monitoring.healthCheckIntervalMs,
    servers,
    ask: (server, check) => {
      // Always the same one while it lives: sessions that are kept for checks are its own.
      const place = tree().workers.find(({ process }) => process.state === 'running');
      place?.process.send({ type: 'check-server', server, check });
      return place !== undefined;
    },
    onTools: (server, names) => {
      tools.set(server, names);
      tree().broadcast({ type: 'server-tools', server, names });
    },
    onChange: (server, { state, problem, latencyMs, tools: names }, before) => {
      if (state === 'down') {
        log.warn({ server, problem }, `server ${server} does not answer: ${problem ?? ''}`);
        return;
      }
      const wasDown = before.state === 'down';
      const ms = latencyMs === null ? null : Math.round(latencyMs);
      const facts = { server, ms, tools: names?.length ?? null };
      if (wasDown || before.state === 'unknown')
        log.info(facts, answerWords({ ...facts, wasDown }));
      else log.debug({ ...facts, state }, 'a server answers');
    },
    random: Math.random,
  });
  let timer: NodeJS.Timeout | undefined;
  return {
    families: healthGauges(checks, servers),
    of: (server) => checks.of(server),
    start: () => {
      timer = setInterval(() => {
        checks.tick(monotonicMs());
      }, TICK_MS);
    },
    stop: () => {
      clearInterval(timer);
    },
    onChecked: ({ server, check, result }) => {
      checks.checked(monotonicMs(), server, check, result);
    },
    onWorkerReady: (place) => {
      for (const [server, names] of tools) {
        place.process.send({ type: 'server-tools', server, names });
      }
    },
  };
}
