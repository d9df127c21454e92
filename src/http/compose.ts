/** Builds one worker's objects, in order: each line needs only what stands above it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, ServerConfig } from '../../config/config.js';
import { AccessTable } from '../gateway/access.js';
import type { Authenticator } from '../gateway/authenticator.js';
import type { IssuerKeys } from '../gateway/issuer-keys.js';
import type { Challenge } from '../gateway/identity-refusal.js';
import { LeasedAdmission } from '../gateway/leased-admission.js';
import { PinnedServers } from '../gateway/pinned-servers.js';
import { probeServer } from '../gateway/probe-server.js';
import { createRequestPath } from '../gateway/request-path.js';
import { ResourceMetadata } from '../gateway/resource-metadata.js';
import { ServerChecks, SKIPPED_CHECK } from '../gateway/server-checks.js';
import { createSessionIds } from '../gateway/session-ids.js';
import { StreamRechecks } from '../gateway/stream-rechecks.js';
import { ToolHints } from '../gateway/tool-hints.js';
import { UserCredentials } from '../gateway/user-credentials.js';
import { WorkerLeases } from '../gateway/worker-leases.js';
import type { ServerCheck } from '../ipc/server-check.js';
import type { WorkerStart } from '../ipc/worker-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { hostOfServer } from '../kernel/host-of-server.js';
import type { GatewayError } from '../kernel/errors.js';
import { DEFAULT_SCAN_LIMITS } from '../mcp/scan-message.js';
import { AdmissionCounts } from '../telemetry/admission-counts.js';
import { CleanupCounts } from '../telemetry/cleanup-counts.js';
import { openStore } from '../store/open-store.js';
import { createProgramLog, type ProgramLog } from '../telemetry/log.js';
import { openRequestLog, type RequestLog } from '../telemetry/request-log.js';
import { RequestMetrics } from '../telemetry/request-metrics.js';
import { UpstreamConnects } from '../telemetry/upstream-connects.js';
import { openTracing } from './open-tracing.js';
import { createHostLink, type HostLink } from '../upstream/host-link.js';
import type { ConnectionCounts, UpstreamTransport } from '../upstream/transport.js';
import { chooseFront, halfTheFiles } from './compose-front.js';
import { composeIdentity } from './compose-identity.js';
import { connectHttp } from './compose-upstream.js';
import { createDashboardRoutes } from './dashboard/routes.js';
import type { Front } from './front.js';
import { leaseSettings } from './lease-settings.js';
import { isOperator } from './operator-access.js';
import { createOperationsRoutes } from './operations-routes.js';
import type { PrimaryLink } from './primary-link.js';
import { createRoutes } from './routes.js';
import { ServedServers } from './served-servers.js';

export interface Worker {
  readonly front: Front;
  readonly frontReason: string;
  /** This API key must not be served from any cache, or any stream, from now on; null: none may. */
  readonly onRevoked: (keyId: string | null) => void;
  readonly authenticator: Authenticator;
  readonly credentials: UserCredentials;
  readonly pinnedTools: PinnedServers;
  /** Null when no issuer publishes its keys by URL. */
  readonly issuerKeys: IssuerKeys | null;
  readonly leases: WorkerLeases;
  readonly admissionCounts: AdmissionCounts;
  readonly cleanupCounts: CleanupCounts;
  /** What of the configuration can change without a new process. One step, between two requests. */
  apply(config: Config): void;
  /** Ends listening streams, or everything that is under way with an upstream. `mayGoOn`: the servers outlive us. */
  endRelays(error: GatewayError, which: 'listening' | 'all', mayGoOn: boolean): void;
  readonly metrics: RequestMetrics;
  readonly upstreamConnects: UpstreamConnects;
  /** Connections to HTTP servers, by server. */
  upstreamConnections(): Readonly<Record<string, ConnectionCounts>>;
  /** Asks a server whether it is well. Never rejects. */
  checkServer(name: string): Promise<ServerCheck>;
  announceTools(server: string, names: readonly string[]): void;
  readonly requestLog: RequestLog | null;
  readonly programLog: ProgramLog;
  /** Gives back everything but the front: connections, threads, store. */
  release(): Promise<void>;
}

/** A server without a free slot for this long is at work; it need not be asked. */
const CHECK_WAIT_MS = 5_000;
/** A passed deadline frees its slot within 100 ms. */
const DEADLINE_SWEEP_MS = 50;

export async function composeWorker(
  start: WorkerStart,
  primary: PrimaryLink,
  isDraining: () => boolean,
): Promise<Worker> {
  const config = start.config as Config;
  const programLog = createProgramLog({
    level: config.logLevel,
    file: join(config.logDir, 'multi-mcp-production.log'),
    terminal: terminalOf(config),
    processName: `worker-${start.workerIndex + 1}`,
  });
  const { log } = programLog;
  const requestLog = config.logRequests
    ? openRequestLog(join(config.logDir, 'requests.log'))
    : null;
  // The primary has made it: where it is gone, one made here would be another beside the one in use.
  const opening = { isLazy: true, mustExist: true };
  const store = await openStore({ dataDir: config.dataDir, ...config.store, ...opening });
  const requiredScopes = (server: string) => servers.all.get(server)?.scopes?.required ?? [];
  const { publicUrl } = config;
  const { authorizationServers } = config.auth;
  const metadata =
    publicUrl === null || authorizationServers.length === 0
      ? null
      : new ResourceMetadata({ publicUrl, authorizationServers, requiredScopes });
  const challengeOf = (server: string | undefined): Challenge => ({
    metadataUrl: metadata?.url(server) ?? null,
    scopes: server === undefined ? [] : requiredScopes(server),
  });
  const identity = composeIdentity(start, {
    config,
    store,
    primary,
    challengeOf,
    resource: metadata === null ? null : publicUrl,
    onChange: () => {
      streamRechecks.request(null);
    },
  });
  const { authenticator, credentials, issuerKeys } = identity;
  const links = start.hostSockets.map((socketPath) =>
    createHostLink({
      socketPath,
      onStateChange: (isConnected, cause) => {
        if (!isConnected && !isDraining()) log.warn({ err: cause }, 'upstream host disconnected');
      },
    }),
  );
  const pinnedTools = new PinnedServers(start.toolPins, (server, tools) => {
    primary.send({ type: 'tools-seen', server, tools });
  });
  const cleanupCounts = new CleanupCounts();
  const toolHints = new ToolHints();
  const upstreamConnects = new UpstreamConnects();
  const servers = new ServedServers(config, {
    pinned: ({ name, pinning }) => pinnedTools.of(name, pinning),
    connect: (its, server) =>
      connectHttp(its, server, {
        onIdleClosed: (count) => {
          cleanupCounts.removed('connections', count);
        },
        onIdleGone: () => {
          leases.idleGone(server.name);
        },
        onConnected: (durationMs, error) => {
          upstreamConnects.ended(server.name, durationMs, error);
        },
      }),
    link: (server) => linkTo(server, links),
    onReplaced: (name) => {
      toolHints.forget(name);
      checks.forget(name);
    },
  });
  const streamRechecks = new StreamRechecks(() => servers.listening());
  const sweeping = setInterval(() => {
    servers.sweep(monotonicMs());
  }, DEADLINE_SWEEP_MS);
  const cleaning = setInterval(() => {
    const nowMs = monotonicMs();
    cleanupCounts.removed('identities', authenticator.sweep(nowMs));
    cleanupCounts.removed('credentials', credentials.sweep(nowMs));
  }, config.limits.cleanupIntervalMs);
  const admissionCounts = new AdmissionCounts();
  const leases = new WorkerLeases({
    ...leaseSettings(config, servers),
    cleanup: cleanupCounts,
    onCloseIdle: (name, count) => {
      servers.all.get(name)?.transport.closeIdle?.(count);
    },
    send: (events) => {
      primary.send({ type: 'admission', events });
    },
    probe: (name) => {
      const server = servers.all.get(name);
      return server === undefined ? Promise.resolve(false) : probeServer(server.transport);
    },
  });
  leases.start();
  const checks = new ServerChecks((name) => {
    const server = servers.all.get(name);
    return server === undefined
      ? undefined
      : { transport: server.transport, isHosted: servers.isHosted(name) };
  });
  const metrics = new RequestMetrics({
    isServer: (name) => servers.all.has(name),
    isTool: (name, tool) => toolHints.isKnown(name, tool),
  });
  const tracing = await openTracing(config, start.version, log);
  const requestPath = createRequestPath({
    servers: () => servers.all,
    authenticator,
    challengeOf,
    admission: new LeasedAdmission(leases, admissionCounts),
    sessionIds: createSessionIds(Buffer.from(start.secrets.sessionKey, 'hex')),
    scanLimits: {
      ...DEFAULT_SCAN_LIMITS,
      maxDepth: config.http.maxJsonDepth,
      maxTokens: config.http.maxJsonTokens,
    },
    sseHeartbeatMs: config.http.sseHeartbeatMs,
    toolHints,
    accessTable: new AccessTable(),
    credentials,
    onRetry: (server) => {
      admissionCounts.retried(server);
    },
    tracing,
    record: (record) => {
      metrics.record(record);
      requestLog?.write(record);
      const { error, requestId, server } = record;
      if (error === null || record.status < 500) return;
      const facts = {
        requestId,
        server,
        reason: error.code,
        err: error.cause,
        ...error.options.log,
      };
      if (error.code === 'GW_INTERNAL') log.error(facts, 'a request failed inside the gateway');
      else log.debug(facts, error.message);
    },
  });
  const operations = new Map([
    ...createOperationsRoutes({ version: start.version, primary, authenticator, isDraining }),
    ...createDashboardRoutes({
      directory: fileURLToPath(new URL('../../dashboard', import.meta.url)),
      primary,
      isOperator: (exchange) => isOperator(authenticator, exchange),
      requestLogFile: config.logRequests ? join(config.logDir, 'requests.log') : null,
      publicUrl: config.publicUrl,
      servers: () => [...servers.all.keys()],
    }),
  ]);
  const { createFront, reason } = await chooseFront(config.front);
  const front = createFront(
    {
      ...config,
      ...config.http,
      port: start.port,
      maxConnections: config.http.maxConnections ?? (await halfTheFiles()),
      onHandlerError: (thrown) => {
        log.error({ err: thrown }, 'a handler failed');
      },
    },
    createRoutes(requestPath, operations, metadata),
  );
  return {
    front,
    frontReason: reason,
    onRevoked: (keyId) => {
      if (keyId === null) authenticator.invalidateAll();
      else authenticator.invalidateKey(keyId);
      streamRechecks.request(keyId);
    },
    authenticator,
    issuerKeys,
    credentials,
    pinnedTools,
    leases,
    admissionCounts,
    cleanupCounts,
    endRelays: (error, which, mayGoOn) => {
      servers.endRelays(error, which, mayGoOn);
    },
    apply: (next) => {
      servers.apply(next);
      leases.configure(leaseSettings(next, servers));
    },
    metrics,
    upstreamConnects,
    upstreamConnections: () => servers.connections(),
    requestLog,
    programLog,
    checkServer: async (name) =>
      (await leases.ownSlots.within(name, CHECK_WAIT_MS, () => checks.check(name))) ??
      SKIPPED_CHECK,
    announceTools: (server, names) => {
      toolHints.announce(server, names);
    },
    release: async () => {
      await checks.close();
      clearInterval(sweeping);
      clearInterval(cleaning);
      await servers.close();
      await Promise.all(links.map((link) => link.close()));
      await identity.close();
      await store.close();
      await tracing?.close();
      requestLog?.flush();
      programLog.flush();
    },
  };
}

function linkTo({ name }: ServerConfig, links: readonly HostLink[]): UpstreamTransport {
  const link = links[hostOfServer(name, links.length)];
  if (link === undefined) throw new Error('at least one upstream host is needed');
  return link.transport(name);
}

function terminalOf(config: Config): 'pretty' | 'json' | null {
  if (process.stdout.isTTY) return 'pretty';
  return config.logToStdout ? 'json' : null;
}
