/**
 * What `/health` and `/readyz` say, made from what the children last reported.
 *   unhealthy  no worker serves, or the gateway is draining
 *   degraded   a worker or upstream host is missing, a server does not start or answer, a circuit is open,
 *              the store does not answer
 *   healthy    otherwise
 * `reasons` says which of these holds (docs/operations.md has the same rules).
 */
import type { Config } from '../../config/config.js';
import type { AlertView, ServerView } from '../admin/operations.js';
import type { AdmissionSnapshot } from './admission-broker.js';
import type { ServerHealth } from './health-checks.js';
import type { MachinesView } from './machines-view.js';
import type { ProcessTree } from './process-tree.js';
import type { SystemSample } from './system-sampler.js';
import { statusWords } from './words.js';

export type OverallStatus = 'healthy' | 'degraded' | 'unhealthy';

export interface StatusSource {
  /** The one in force; another after a reload. */
  readonly config: Config;
  readonly configDocument: () => Readonly<Record<string, unknown>>;
  readonly tree: ProcessTree;
  readonly version: string;
  readonly startedAt: Date;
  readonly storeDescription: string;
  /** What is wrong with it; null when nothing is. */
  readonly storeProblem: () => string | null;
  readonly isDraining: () => boolean;
  readonly admission: () => AdmissionSnapshot;
  /** Null before the first sample. */
  readonly system: () => SystemSample | null;
  readonly health: (server: string) => ServerHealth;
  readonly activeAlerts: () => readonly AlertView[];
  /** By the primary itself, since it started. */
  readonly droppedLogLines: () => number;
  /** Null: this machine has its limits to itself. */
  readonly machines: () => MachinesView | null;
}

export function overallStatus(source: StatusSource): OverallStatus {
  const { tree, isDraining } = source;
  const serving = tree.workers.filter(({ process }) => process.state === 'running').length;
  if (serving === 0 || isDraining()) return 'unhealthy';
  return statusReasons(source).length === 0 ? 'healthy' : 'degraded';
}

/** What is wrong, a sentence each, with what to do where there is something. */
export function statusReasons(source: StatusSource): readonly string[] {
  const { tree, isDraining } = source;
  const storeProblem = source.storeProblem();
  const serving = tree.workers.filter(({ process }) => process.state === 'running').length;
  const hosts = tree.hosts.filter(({ process }) => process.state === 'running').length;
  const failing = serverViews(source).filter(({ state }) => state === 'failing');
  const open = Array.from(source.admission().servers).filter(
    ([, { breaker }]) => breaker.state !== 'closed',
  );
  return [
    ...(isDraining() ? ['The gateway is shutting down.'] : []),
    ...(serving < tree.workers.length
      ? [`${serving} of ${tree.workers.length} workers serve.`]
      : []),
    ...(hosts < tree.hosts.length ? [`${hosts} of ${tree.hosts.length} upstream hosts run.`] : []),
    ...failing.map(
      ({ name, detail }) =>
        `Server ${name} fails: ${detail ?? 'it does not answer.'} Look closer: multi-mcp servers test ${name}`,
    ),
    ...(storeProblem === null
      ? []
      : [`The store is not well: ${storeProblem} Look closer: multi-mcp doctor`]),
    ...open.map(([name]) => `The circuit of server ${name} is open: its calls fail.`),
  ];
}

/** Whether a client that comes now is served. */
export function isServing({ tree, isDraining }: StatusSource): boolean {
  return !isDraining() && tree.workers.some(({ process }) => process.state === 'running');
}

/** One line for a service manager. */
export function statusLine(source: StatusSource, requestsPerSecond: number): string {
  const { workers } = source.tree;
  const serving = workers.filter(({ process }) => process.state === 'running').length;
  const servers = serverViews(source).filter(({ enabled }) => enabled);
  return statusWords({
    status: overallStatus(source),
    readyServers: servers.filter(({ state }) => state !== 'failing' && state !== 'starting').length,
    servers: servers.length,
    requestsPerSecond,
    servingWorkers: serving,
    workers: workers.length,
  });
}

/** The whole document; an untrusted asker gets only `status`. */
export function healthDocument(
  source: StatusSource,
  isTrusted: boolean,
): Readonly<Record<string, unknown>> {
  const status = overallStatus(source);
  if (!isTrusted) return { status };
  const { config, tree, version, startedAt, storeDescription } = source;
  const { limits, rate } = config;
  const admission = source.admission();
  return {
    status,
    reasons: statusReasons(source),
    version,
    pid: process.pid,
    startedAt: startedAt.toISOString(),
    uptimeSeconds: Math.round(process.uptime()),
    store: storeDescription,
    config: source.configDocument(),
    connectionPool: {
      inFlight: inFlightCount(tree),
      // Slots leased to workers: those in flight, and those idle for at most 250 ms.
      leased: admission.calls.total.out,
      limit: admission.calls.total.limit,
      queued: admission.calls.queued,
      queueMaxSize: limits.queueMaxSize,
      users: admission.calls.users,
      listening: admission.streams.total.out,
      maxStreams: admission.streams.total.limit,
      clientConnections: sum(tree.allWorkers.map(({ gauges }) => gauges?.connections ?? 0)),
      maxTotalConnections: limits.maxTotalConnections,
      maxConnectionsPerServer: limits.maxConnectionsPerServer,
      maxConcurrentRequestsPerUser: limits.maxConcurrentRequestsPerUser,
    },
    rateLimiting: {
      ...rate,
      effective: admission.rates,
      scale: round(admission.scale),
      load: admission.load,
    },
    servers: Object.fromEntries(
      serverViews(source).map(({ name, ...view }) => [
        name,
        {
          ...view,
          inFlight: inFlightByServer(tree)[name] ?? 0,
          ...serverAdmission(admission, name),
          check: checkView(source.health(name)),
        },
      ]),
    ),
    machines: source.machines(),
    system: source.system(),
    alerts: source.activeAlerts(),
    workers: tree.workers.map(({ index, process, front, gauges, configVersion }) => ({
      index,
      pid: process.pid,
      state: process.state,
      restarts: process.restarts,
      front: front?.name ?? null,
      configVersion,
      ...gauges,
    })),
    upstreamHosts: tree.hosts.map(({ index, process, inFlight, configVersion, servers }) => ({
      index,
      pid: process.pid,
      state: process.state,
      restarts: process.restarts,
      configVersion,
      inFlight,
      servers: servers.map(({ name, kind, openCount, sessions, restarts }) => {
        return { name, kind, children: openCount, sessions, restarts };
      }),
    })),
  };
}

/** How many tools, not their names: a document for people stays readable. */
function checkView({ tools, latencyMs, ...health }: ServerHealth) {
  return {
    ...health,
    latencyMs: latencyMs === null ? null : round(latencyMs),
    tools: tools?.length ?? null,
  };
}

/** Nothing for a server that is disabled. */
function serverAdmission({ servers }: AdmissionSnapshot, name: string) {
  const server = servers.get(name);
  if (server === undefined) return {};
  const { breaker, configuredLimit, effectiveLimit, out, queued, usualMs } = server;
  return {
    leased: out,
    limit: effectiveLimit,
    configuredLimit,
    queued,
    usualMs: usualMs === null ? null : round(usualMs),
    circuitBreaker: { state: breaker.state, failureRatio: round(breaker.failureRatio) },
  };
}

export interface Readiness {
  readonly isReady: boolean;
  /** One line a check, `[+]name` or `[-]name reason`, as orchestrators' users know it. */
  readonly text: string;
}

export interface StoreState {
  /** What is wrong with it; null when nothing is. */
  readonly problem: string | null;
  /** Whether known identities are served all the same. */
  readonly isServing: boolean;
}

export function readiness(source: StatusSource, store: StoreState): Readiness {
  const { tree } = source;
  const serving = tree.workers.filter(({ process }) => process.state === 'running').length;
  const hosts = tree.hosts.filter(({ process }) => process.state === 'running').length;
  const checks: readonly (readonly [string, string | null])[] = [
    ['not-draining', source.isDraining() ? 'the gateway is shutting down' : null],
    ['workers', serving > 0 ? null : `0 of ${tree.workers.length} serve`],
    ['upstream-hosts', hosts === tree.hosts.length ? null : `${hosts} of ${tree.hosts.length} run`],
    ...(store.isServing && store.problem !== null ? [] : [['store', store.problem] as const]),
  ];
  const isReady = checks.every(([, problem]) => problem === null);
  const lines = checks.map(([name, problem]) =>
    problem === null ? `[+]${name} ok` : `[-]${name} ${problem}`,
  );
  if (store.isServing && store.problem !== null) lines.push(`[!]store degraded: ${store.problem}`);
  // For people: a gateway without servers is still the one to ask.
  const servers = serverViews(source).filter(({ enabled }) => enabled);
  const failing = servers.filter(({ state }) => state === 'failing').map(({ name }) => name);
  lines.push(
    failing.length === 0
      ? `[+]servers ok, ${servers.length} enabled`
      : `[~]servers ${failing.join(', ')} of ${servers.length} not answering; not required`,
  );
  return { isReady, text: `${lines.join('\n')}\n${isReady ? 'ready' : 'not ready'}\n` };
}

export function serverViews({ config, tree, health }: StatusSource): readonly ServerView[] {
  const hosted = new Map(
    tree.hosts.flatMap(({ servers }) => servers.map((server) => [server.name, server] as const)),
  );
  return Object.values(config.servers).map(({ name, enabled, source }) => {
    const view = { name, enabled, kind: source.kind };
    if (!enabled) return { ...view, state: 'disabled', detail: null };
    const status = hosted.get(name);
    if (status?.state === 'failing') return { ...view, state: 'failing', detail: status.reason };
    const { state, problem, failuresInARow, era } = health(name);
    // One unanswered question may be a hiccup, unless it never answered any.
    const isDown = state === 'down' && (failuresInARow >= MIN_FAILURES || era === null);
    if (isDown) return { ...view, state: 'failing', detail: problem };
    const isKnown = state === 'up' || state === 'idle';
    if (source.kind !== 'http') {
      const hostState = status?.state ?? 'starting';
      // A host is ready to start the command; whether it can, nobody knows before the first answer.
      const isUntried = source.kind === 'stdio' && hostState === 'ready' && state === 'unknown';
      return { ...view, state: isUntried ? 'configured' : hostState, detail: null };
    }
    return { ...view, state: isKnown ? 'ready' : 'configured', detail: source.url };
  });
}

/** Health checks in a row that must fail before a server that once answered counts as failing. */
const MIN_FAILURES = 2;

export function inFlightByServer(tree: ProcessTree): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { gauges } of tree.allWorkers) {
    for (const [server, count] of Object.entries(gauges?.inFlight ?? {})) {
      counts[server] = (counts[server] ?? 0) + count;
    }
  }
  return counts;
}

/** As the workers last said, up to a second ago. */
export function inFlightCount(tree: ProcessTree): number {
  return sum(Object.values(inFlightByServer(tree)));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
