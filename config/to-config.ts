/** The file's groups and unitless keys → the program's Config: units in names, absolute folders, null for "not set". */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type {
  AuthConfig,
  Config,
  HttpConfig,
  JwtPublicKey,
  LimitsConfig,
  MonitoringConfig,
  RateConfig,
  SecretsConfig,
  ServerConfig,
  TracingConfig,
} from './config.js';
import type { ConfigFile } from './schema.js';
import { isLoopback } from './value-kinds.js';

/** What does not stand in the file as it is needed. */
export interface Surroundings {
  readonly configPath: string | null;
  /** Where relative data and log folders start. */
  readonly cwd: string;
  readonly servers: Readonly<Record<string, ServerConfig>>;
  readonly publicKeys: readonly JwtPublicKey[];
  readonly secrets: SecretsConfig;
  readonly tracing: TracingConfig | null;
}

/** Of a queue's places, how many one user may take unless set. */
const QUEUE_PLACES_PER_USER = 100;

export function toConfig(file: ConfigFile, around: Surroundings): Config {
  const { global, logging, store, machines } = file;
  const publicUrl = global.publicUrl?.replace(/\/+$/, '') ?? null;
  const ownUrl = publicUrl === null ? null : new URL(publicUrl);
  return {
    configPath: around.configPath,
    host: global.host,
    port: global.port,
    workers: global.workers ?? availableParallelism(),
    upstreamHosts: global.upstreamHosts,
    uvThreadpoolSize: global.uvThreadpoolSize,
    front: global.front,
    publicUrl,
    trustProxy: global.trustProxy,
    allowedHosts: allowedHosts(file, ownUrl),
    allowedOrigins: lowerCased(global.allowedOrigins, ownUrl?.origin),
    http: toHttp(file),
    limits: toLimits(file),
    rate: toRate(file),
    monitoring: toMonitoring(file),
    auth: toAuth(file, around.publicKeys),
    dataDir: resolve(around.cwd, global.dataDir),
    logDir: resolve(around.cwd, logging.directory),
    logLevel: logging.level,
    logRetentionDays: logging.retentionDays,
    logToStdout: logging.stdout,
    logRequests: logging.requests,
    reloadOnChange: global.reloadOnChange,
    store: {
      mongodbUri: store.mongodbUri ?? null,
      mongodbMaxPoolSize: store.mongodbMaxPoolSize,
      onUnavailable: store.onUnavailable,
      snapshotMaxAgeMs: store.snapshotMaxAge,
    },
    machines: {
      sharesLimits: machines.shareLimits,
      name: machines.name ?? null,
      leaseTimeoutMs: machines.leaseTimeout,
    },
    tracing: around.tracing,
    secrets: around.secrets,
    servers: around.servers,
  };
}

/** The public name joins the list only where names are checked at all: alone it would shut out probes by address. */
function allowedHosts({ global }: ConfigFile, ownUrl: URL | null): string[] {
  const isChecked = isLoopback(global.host) || global.allowedHosts.length > 0;
  const ownName = isChecked ? ownUrl?.hostname.replaceAll(/[[\]]/g, '') : undefined;
  return lowerCased(global.allowedHosts, ownName);
}

function lowerCased(listed: readonly string[], own: string | undefined): string[] {
  const all = own === undefined ? listed : [...listed, own];
  return [...new Set(all.map((each) => each.toLowerCase()))];
}

function toHttp({ http }: ConfigFile): HttpConfig {
  return {
    maxHeaderBytes: http.maxHeaderBytes,
    maxBodyBytes: http.maxBodyBytes,
    bodyTimeoutMs: http.bodyTimeout,
    chunkedRequests: http.chunkedRequests,
    maxConnections: http.maxConnections ?? null,
    maxJsonDepth: http.maxJsonDepth,
    maxJsonTokens: http.maxJsonTokens,
    sseHeartbeatMs: http.sseHeartbeat,
    streamStallTimeoutMs: http.streamStallTimeout,
    streamBufferBytes: http.streamBufferBytes,
    maxStreamsPerUser: http.maxStreamsPerUser,
    maxStreams: http.maxStreams,
    drainTimeoutMs: http.drainTimeout,
  };
}

function toLimits({ global }: ConfigFile): LimitsConfig {
  return {
    maxTotalConnections: global.maxTotalConnections,
    maxConnectionsPerServer: global.maxConnectionsPerServer,
    maxConcurrentRequestsPerUser: global.maxConcurrentRequestsPerUser,
    queueMaxSize: global.queueMaxSize,
    queueMaxPerUser: global.queueMaxPerUser ?? Math.min(QUEUE_PLACES_PER_USER, global.queueMaxSize),
    queueTimeoutMs: global.queueTimeout,
    idleTimeoutMs: global.idleTimeout,
    cleanupIntervalMs: global.cleanupInterval,
  };
}

function toRate({ global }: ConfigFile): RateConfig {
  return {
    gatewayTokensPerSecond: global.rateLimitTokens ?? null,
    perUserPerSecond: global.perUserLimit ?? null,
    perServerPerSecond: global.perServerLimit ?? null,
    adaptive: { enabled: global.enableAdaptiveRateLimit, threshold: global.adaptiveThreshold },
  };
}

function toMonitoring({ global, alerting }: ConfigFile): MonitoringConfig {
  const { webhook, command, sustainedFor, window, rateLimitRefusals } = alerting;
  return {
    healthCheckIntervalMs: global.healthCheckInterval,
    cpuThresholdPercent: global.cpuThreshold,
    memoryThresholdPercent: global.memoryThreshold,
    diskThresholdPercent: global.diskThreshold,
    responseTimeThresholdMs: global.responseTimeThreshold,
    errorRateThresholdPercent: global.errorRateThreshold,
    alertCooldownMs: global.alertCooldown,
    alertSustainedMs: sustainedFor,
    alertWindowMs: window,
    alertRefusals: rateLimitRefusals,
    webhook:
      webhook === undefined
        ? null
        : { url: webhook.url, headers: webhook.headers, timeoutMs: webhook.timeout },
    command:
      command === undefined
        ? null
        : { file: command.file, args: command.args, timeoutMs: command.timeout },
  };
}

function toAuth({ global, auth }: ConfigFile, publicKeys: readonly JwtPublicKey[]): AuthConfig {
  return {
    required: auth.required,
    apiKeyCacheTtlMs: global.apiKeyCacheTtl,
    negativeCacheTtlMs: auth.negativeCacheTtl,
    failedCredentialsPerSecond: auth.failedCredentialsPerSecond,
    jwt: {
      issuer: auth.jwt.issuer ?? null,
      audience: auth.jwt.audience ?? null,
      leewaySeconds: auth.jwt.leewaySeconds,
      maxLifetimeSeconds: auth.jwt.maxLifetimeSeconds,
      publicKeys,
      jwksUrls: auth.jwt.jwksUrls,
    },
    authorizationServers: auth.authorizationServers,
  };
}
