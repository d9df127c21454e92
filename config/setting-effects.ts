/**
 * What a change of each setting takes in a running gateway, and the name people know it by. The types make
 * a new setting that is missing here a compile error: whoever adds one decides.
 *   live      every process has it within a second or two, nothing else happens
 *   workers   the HTTP workers are replaced one by one, without a lost request
 *   restart   only a new start of the gateway; until then the old value holds
 */
import type {
  AuthConfig,
  Config,
  HttpConfig,
  LimitsConfig,
  MonitoringConfig,
  RateConfig,
} from './config.js';

export type Effect = 'live' | 'workers' | 'restart';

type Setting = readonly [effect: Effect, name: string];
type Group<Settings> = { readonly [Key in keyof Settings]-?: Setting };

const TOP: Group<
  Omit<Config, 'configPath' | 'http' | 'limits' | 'rate' | 'monitoring' | 'auth' | 'servers'>
> = {
  host: ['restart', 'global.host'],
  port: ['restart', 'global.port'],
  workers: ['restart', 'global.workers'],
  upstreamHosts: ['restart', 'global.upstreamHosts'],
  uvThreadpoolSize: ['restart', 'global.uvThreadpoolSize'],
  front: ['workers', 'global.front'],
  publicUrl: ['workers', 'global.publicUrl'],
  trustProxy: ['workers', 'global.trustProxy'],
  allowedHosts: ['workers', 'global.allowedHosts'],
  allowedOrigins: ['workers', 'global.allowedOrigins'],
  dataDir: ['restart', 'global.dataDir'],
  logDir: ['restart', 'logging.directory'],
  logLevel: ['live', 'logging.level'],
  logRetentionDays: ['restart', 'logging.retentionDays'],
  logToStdout: ['restart', 'logging.stdout'],
  logRequests: ['workers', 'logging.requests'],
  tracing: ['restart', 'OTEL_* in the environment'],
  reloadOnChange: ['live', 'global.reloadOnChange'],
  store: ['restart', 'store'],
  machines: ['restart', 'machines'],
  secrets: ['restart', 'the secrets in the environment'],
};

const HTTP: Group<HttpConfig> = {
  maxHeaderBytes: ['workers', 'http.maxHeaderBytes'],
  maxBodyBytes: ['live', 'http.maxBodyBytes'],
  bodyTimeoutMs: ['workers', 'http.bodyTimeout'],
  chunkedRequests: ['workers', 'http.chunkedRequests'],
  maxConnections: ['workers', 'http.maxConnections'],
  maxJsonDepth: ['workers', 'http.maxJsonDepth'],
  maxJsonTokens: ['workers', 'http.maxJsonTokens'],
  sseHeartbeatMs: ['workers', 'http.sseHeartbeat'],
  streamStallTimeoutMs: ['workers', 'http.streamStallTimeout'],
  streamBufferBytes: ['workers', 'http.streamBufferBytes'],
  maxStreamsPerUser: ['live', 'http.maxStreamsPerUser'],
  // The workers' connections for streams are made with it.
  maxStreams: ['workers', 'http.maxStreams'],
  drainTimeoutMs: ['live', 'http.drainTimeout'],
};

const LIMITS: Group<LimitsConfig> = {
  maxTotalConnections: ['live', 'global.maxTotalConnections'],
  maxConnectionsPerServer: ['live', 'global.maxConnectionsPerServer'],
  maxConcurrentRequestsPerUser: ['live', 'global.maxConcurrentRequestsPerUser'],
  queueMaxSize: ['live', 'global.queueMaxSize'],
  queueMaxPerUser: ['live', 'global.queueMaxPerUser'],
  queueTimeoutMs: ['live', 'global.queueTimeout'],
  // Hosts take it at once; the workers' connections to HTTP servers are made with it.
  idleTimeoutMs: ['workers', 'global.idleTimeout'],
  cleanupIntervalMs: ['restart', 'global.cleanupInterval'],
};

const RATE: Group<RateConfig> = {
  gatewayTokensPerSecond: ['live', 'global.rateLimitTokens'],
  perUserPerSecond: ['live', 'global.perUserLimit'],
  perServerPerSecond: ['live', 'global.perServerLimit'],
  adaptive: ['live', 'global.enableAdaptiveRateLimit or adaptiveThreshold'],
};

const MONITORING: Group<MonitoringConfig> = {
  healthCheckIntervalMs: ['live', 'global.healthCheckInterval'],
  cpuThresholdPercent: ['live', 'global.cpuThreshold'],
  memoryThresholdPercent: ['live', 'global.memoryThreshold'],
  diskThresholdPercent: ['live', 'global.diskThreshold'],
  responseTimeThresholdMs: ['live', 'global.responseTimeThreshold'],
  errorRateThresholdPercent: ['live', 'global.errorRateThreshold'],
  alertSustainedMs: ['live', 'alerting.sustainedFor'],
  alertWindowMs: ['live', 'alerting.window'],
  alertRefusals: ['live', 'alerting.rateLimitRefusals'],
  alertCooldownMs: ['live', 'global.alertCooldown'],
  webhook: ['live', 'alerting.webhook'],
  command: ['live', 'alerting.command'],
};

const AUTH: Group<Omit<AuthConfig, 'jwt'>> = {
  required: ['workers', 'auth.required'],
  apiKeyCacheTtlMs: ['workers', 'global.apiKeyCacheTtl'],
  negativeCacheTtlMs: ['workers', 'auth.negativeCacheTtl'],
  failedCredentialsPerSecond: ['workers', 'auth.failedCredentialsPerSecond'],
  authorizationServers: ['workers', 'auth.authorizationServers'],
};

const JWT: Group<AuthConfig['jwt']> = {
  issuer: ['restart', 'auth.jwt.issuer'],
  audience: ['restart', 'auth.jwt.audience'],
  leewaySeconds: ['workers', 'auth.jwt.leewaySeconds'],
  maxLifetimeSeconds: ['restart', 'auth.jwt.maxLifetimeSeconds'],
  publicKeys: ['workers', 'auth.jwt.keys'],
  jwksUrls: ['restart', 'auth.jwt.jwksUrls'],
};

/** By where the setting stands in Config. */
export const SETTING_EFFECTS: readonly (readonly [path: readonly string[], ...Setting])[] = [
  ...at([], TOP),
  ...at(['http'], HTTP),
  ...at(['limits'], LIMITS),
  ...at(['rate'], RATE),
  ...at(['monitoring'], MONITORING),
  ...at(['auth'], AUTH),
  ...at(['auth', 'jwt'], JWT),
];

function at(
  group: readonly string[],
  settings: Readonly<Record<string, Setting>>,
): (readonly [readonly string[], ...Setting])[] {
  return Object.entries(settings).map(([key, setting]) => [[...group, key], ...setting]);
}
