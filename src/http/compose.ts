/** Builds one worker's objects, in order: each line needs only what stands above it. */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, ServerConfig } from '../../config/config.js';
import verifyTokensHere from '../../workers/verify-tokens.js';
import { AccessTable } from '../gateway/access.js';
import { createAuthenticator } from '../gateway/authenticate.js';
import type { Authenticator } from '../gateway/authenticator.js';
import { CredentialSeal } from '../gateway/credential-seal.js';
import { fixedKeys, IssuerKeys } from '../gateway/issuer-keys.js';
import type { Challenge } from '../gateway/identity-refusal.js';
import { LeasedAdmission } from '../gateway/leased-admission.js';
import { PinnedServers } from '../gateway/pinned-servers.js';
import { probeServer } from '../gateway/probe-server.js';
import type { Quota, Quotas } from '../gateway/rate-limit-headers.js';
import { createRequestPath } from '../gateway/request-path.js';
import { ResourceMetadata } from '../gateway/resource-metadata.js';
import { ServerChecks, SKIPPED_CHECK } from '../gateway/server-checks.js';
import { createSessionIds } from '../gateway/session-ids.js';
import { reportKeyUses } from '../gateway/key-uses.js';
import { createTokenVerifier } from '../gateway/token-verifier.js';
import { StreamRechecks } from '../gateway/stream-rechecks.js';
import { ToolHints } from '../gateway/tool-hints.js';
import { UserCredentials } from '../gateway/user-credentials.js';
import { watchIdentityVersion } from '../gateway/watch-identity.js';
import { WorkerLeases, type LeaseSettings } from '../gateway/worker-leases.js';
import type { ServerCheck } from '../ipc/server-check.js';
import type { WorkerStart } from '../ipc/worker-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { hostOfServer } from '../kernel/host-of-server.js';
import type { GatewayError } from '../kernel/errors.js';
import { openFileLimit } from '../kernel/open-file-limit.js';
import { DEFAULT_SCAN_LIMITS } from '../mcp/scan-message.js';
import { AdmissionCounts } from '../telemetry/admission-counts.js';
import { CleanupCounts } from '../telemetry/cleanup-counts.js';
import { openStore } from '../store/open-store.js';
import { createProgramLog, type ProgramLog } from '../telemetry/log.js';
import { openRequestLog, type RequestLog } from '../telemetry/request-log.js';
import { RequestMetrics } from '../telemetry/request-metrics.js';
import { UpstreamConnects } from '../telemetry/upstream-connects.js';
import { openTracing } from './open-tracing.js';
import { createThreadPool } from '../threads/pool.js';
import { VERIFY_TOKENS, type TokenKey } from '../threads/tasks.js';
import { ClientCredentials } from '../upstream/client-credentials.js';
import { createHostLink, type HostLink } from '../upstream/host-link.js';
import { createStreamableHttp, type StreamableHttpOptions } from '../upstream/streamable-http.js';
import type { ConnectionCounts, UpstreamTransport } from '../upstream/transport.js';
import { withUpstreamToken } from '../upstream/with-upstream-token.js';
import type { Front } from './front.js';
import { createNodeFront } from './node-front.js';
import { createDashboardRoutes } from './dashboard/routes.js';
import { isOperator } from './operator-access.js';
import { createOperationsRoutes } from './operations-routes.js';
import type { PrimaryLink } from './primary-link.js';
import { createRoutes } from './routes.js';
import { mostConnections, ServedServers } from './served-servers.js';
import { loadUwsFront } from './uws-front.js';

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
  /** Ends listening streams, or everything that is under way with an upstream. */
  endRelays(error: GatewayError, which: 'listening' | 'all'): void;
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

const MAX_CACHED_IDENTITIES = 100_000;
/** Chosen: soon enough for a list that people read, seldom enough for any store. */
const KEY_USES_MS = 30_000;
const IDENTITY_POLL_MS = 5_000;
/** Of one batch, which takes 4 ms when nothing is in its way: it ends a stuck thread, not a slow machine's. */
const VERIFY_DEADLINE_MS = 5_000;
const VERIFY_QUEUE = 1_000;
/** A server without a free slot for this long is at work; it need not be asked. */
const CHECK_WAIT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A passed deadline frees its slot within 100 ms. */
const DEADLINE_SWEEP_MS = 50;
/** Where the limit is unknown: the usual soft limit of a service. */
const ASSUMED_FILE_LIMIT = 1024;

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
  const store = await openStore({ dataDir: config.dataDir, ...config.store, isLazy: true });
  const pool = createThreadPool(VERIFY_TOKENS, {
    deadlineMs: VERIFY_DEADLINE_MS,
    maxQueue: VERIFY_QUEUE,
  });
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
  const issuerKeys =
    config.auth.jwt.jwksUrls.length === 0
      ? null
      : new IssuerKeys({
          fixed: tokenKeys(config, start),
          ask: (refresh) => {
            primary.send({ type: 'issuer-keys-wanted', refresh });
          },
          onChange: () => {
            authenticator.invalidateTokens();
            streamRechecks.request(null);
          },
        });
  const verifyToken = createTokenVerifier({
    keys: issuerKeys ?? fixedKeys(tokenKeys(config, start)),
    rules: { ...config.auth.jwt, resource: metadata === null ? null : config.publicUrl },
    verifyHere: verifyTokensHere,
    verifyInThread: (input) => pool.run(input),
  });
  const authenticator: Authenticator = createAuthenticator({
    keys: store.keys,
    grants: store.grants,
    verifyToken,
    peppers: start.secrets.peppers.map((pepper) => secretKey(pepper, 'hex')),
    cacheTtlMs: config.auth.apiKeyCacheTtlMs,
    negativeTtlMs: config.auth.negativeCacheTtlMs,
    maxEntries: MAX_CACHED_IDENTITIES,
    allowAnonymous: !config.auth.required,
    challengeOf,
  });
  const [credentialKey = '', ...formerKeys] = start.secrets.credentialKeys;
  const credentials = new UserCredentials({
    find: (user, server) => store.credentials.get(user, server),
    seal: new CredentialSeal(
      Buffer.from(credentialKey, 'hex'),
      formerKeys.map((key) => Buffer.from(key, 'hex')),
    ),
    ttlMs: config.auth.apiKeyCacheTtlMs,
    negativeTtlMs: config.auth.negativeCacheTtlMs,
  });
  const flushKeyUses = reportKeyUses({
    authenticator,
    keys: store.keys,
    intervalMs: KEY_USES_MS,
  });
  const stopWatching = watchIdentityVersion({
    store,
    intervalMs: IDENTITY_POLL_MS,
    onChange: () => {
      authenticator.invalidateAll();
      credentials.forgetAll();
      streamRechecks.request(null);
    },
  });
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
    endRelays: (error, which) => {
      servers.endRelays(error, which);
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
      stopWatching();
      await flushKeyUses();
      clearInterval(sweeping);
      clearInterval(cleaning);
      await servers.close();
      await Promise.all(links.map((link) => link.close()));
      await pool.close();
      await store.close();
      await tracing?.close();
      requestLog?.flush();
      programLog.flush();
    },
  };
}

/** What the rate limits of the configuration promise to callers. */
function quotasOf({ rate, servers }: Config): Quotas {
  const perSecond = (requests: number | null) =>
    requests === null ? null : { requests, windowSeconds: 1 };
  const ofServers = new Map<string, Quota>();
  for (const { name, enabled, rateLimit } of Object.values(servers)) {
    const quota =
      rateLimit === null
        ? perSecond(rate.perServerPerSecond)
        : { requests: rateLimit.requestsPerMinute, windowSeconds: 60 };
    if (enabled && quota !== null) ofServers.set(name, quota);
  }
  return {
    gateway: perSecond(rate.gatewayTokensPerSecond),
    user: perSecond(rate.perUserPerSecond),
    servers: ofServers,
  };
}

function connectHttp(
  config: Config,
  server: ServerConfig,
  observers: Required<Pick<StreamableHttpOptions, 'onIdleClosed' | 'onIdleGone' | 'onConnected'>>,
): UpstreamTransport {
  const { source } = server;
  if (source.kind !== 'http') throw new Error(`${server.name} is no HTTP server`);
  const transport = createStreamableHttp({
    url: source.url,
    headers:
      server.credential?.into === 'header'
        ? without(source.headers, server.credential.name)
        : source.headers,
    maxConnections: mostConnections(config, server),
    maxStreams: config.http.maxStreams,
    idleTimeoutMs: config.limits.idleTimeoutMs,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    ...observers,
  });
  return source.oauth === null
    ? transport
    : withUpstreamToken(transport, new ClientCredentials(source.oauth));
}

function linkTo({ name }: ServerConfig, links: readonly HostLink[]): UpstreamTransport {
  const link = links[hostOfServer(name, links.length)];
  if (link === undefined) throw new Error('at least one upstream host is needed');
  return link.transport(name);
}

function leaseSettings(config: Config, servers: ServedServers): LeaseSettings {
  return {
    servers: [...servers.all.keys()],
    quotas: quotasOf(config),
    queueTimeoutMs: config.limits.queueTimeoutMs,
  };
}

/** A user's own credential stands in the place of the operator's header of the same name. */
function without(
  headers: Readonly<Record<string, string>>,
  name: string,
): Readonly<Record<string, string>> {
  const isOther = ([each]: [string, string]) => each.toLowerCase() !== name.toLowerCase();
  return Object.fromEntries(Object.entries(headers).filter(isOther));
}

function tokenKeys(config: Config, { secrets }: WorkerStart): TokenKey[] {
  const shared = [secrets.jwtSecret, secrets.jwtSecretPrevious]
    .filter((secret) => secret !== null)
    .map((secret): TokenKey => {
      return { keyId: null, algorithm: 'HS256', key: secretKey(secret, 'utf8') };
    });
  const published = config.auth.jwt.publicKeys.map(({ keyId, algorithm, pem }): TokenKey => {
    return { keyId, algorithm, key: createPublicKey(pem) };
  });
  return [...shared, ...published];
}

function secretKey(secret: string, encoding: 'hex' | 'utf8'): KeyObject {
  return createSecretKey(Buffer.from(secret, encoding));
}

async function chooseFront(wanted: Config['front']) {
  if (wanted === 'node')
    return { createFront: createNodeFront, reason: 'the configuration says so' };
  const uws = await loadUwsFront();
  if (typeof uws === 'function') return { createFront: uws, reason: 'uWebSockets.js loads here' };
  if (wanted === 'uws') throw new Error(`global.front is "uws", but: ${uws.reason}`);
  return { createFront: createNodeFront, reason: `uWebSockets.js does not load: ${uws.reason}` };
}

async function halfTheFiles(): Promise<number> {
  return Math.floor(((await openFileLimit()) ?? ASSUMED_FILE_LIMIT) / 2);
}

function terminalOf(config: Config): 'pretty' | 'json' | null {
  if (process.stdout.isTTY) return 'pretty';
  return config.logToStdout ? 'json' : null;
}
