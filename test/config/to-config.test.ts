import { availableParallelism } from 'node:os';
import t from 'tap';
import { checkSchema } from '../../config/check-schema.js';
import { toConfig } from '../../config/to-config.js';

const SECRETS = {
  jwtSecret: 'a',
  jwtSecretPrevious: null,
  masterKey: null,
  masterKeyPrevious: null,
};

function configOf(value: object) {
  return toConfig(checkSchema(value).file, {
    configPath: '/etc/x.json',
    cwd: '/srv/mcp',
    servers: {},
    publicKeys: [{ keyId: null, algorithm: 'ES256', pem: 'p' }],
    tracing: null,
    secrets: SECRETS,
  });
}

void t.test('an empty file has the documented defaults', (t) => {
  t.strictSame(configOf({}), {
    configPath: '/etc/x.json',
    host: '127.0.0.1',
    port: 8080,
    workers: availableParallelism(),
    upstreamHosts: 1,
    uvThreadpoolSize: 4,
    front: 'auto',
    publicUrl: null,
    trustProxy: [],
    allowedHosts: [],
    allowedOrigins: [],
    http: {
      maxHeaderBytes: 16_384,
      maxBodyBytes: 1_048_576,
      bodyTimeoutMs: 20_000,
      chunkedRequests: true,
      maxConnections: null,
      maxJsonDepth: 64,
      maxJsonTokens: 100_000,
      sseHeartbeatMs: 15_000,
      streamStallTimeoutMs: 30_000,
      streamBufferBytes: 1_048_576,
      maxStreamsPerUser: 20,
      maxStreams: 10_000,
      drainTimeoutMs: 30_000,
    },
    limits: {
      maxTotalConnections: 500,
      maxConnectionsPerServer: 50,
      maxConcurrentRequestsPerUser: 10,
      queueMaxSize: 1000,
      queueMaxPerUser: 100,
      queueTimeoutMs: 10_000,
      idleTimeoutMs: 300_000,
      cleanupIntervalMs: 60_000,
    },
    rate: {
      gatewayTokensPerSecond: null,
      perUserPerSecond: null,
      perServerPerSecond: null,
      adaptive: { enabled: false, threshold: 0.8 },
    },
    monitoring: {
      healthCheckIntervalMs: 30_000,
      cpuThresholdPercent: 80,
      memoryThresholdPercent: 85,
      diskThresholdPercent: 90,
      responseTimeThresholdMs: 5000,
      errorRateThresholdPercent: 10,
      alertCooldownMs: 300_000,
      alertSustainedMs: 10_000,
      alertWindowMs: 60_000,
      alertRefusals: 10,
      webhook: null,
      command: null,
    },
    auth: {
      required: true,
      apiKeyCacheTtlMs: 300_000,
      negativeCacheTtlMs: 5000,
      failedCredentialsPerSecond: 100,
      jwt: {
        issuer: null,
        audience: null,
        leewaySeconds: 30,
        maxLifetimeSeconds: 86_400,
        publicKeys: [{ keyId: null, algorithm: 'ES256', pem: 'p' }],
        jwksUrls: [],
      },
      authorizationServers: [],
    },
    dataDir: '/srv/mcp/data',
    logDir: '/srv/mcp/logs',
    logLevel: 'info',
    logRetentionDays: 30,
    logToStdout: false,
    logRequests: true,
    tracing: null,
    reloadOnChange: true,
    store: {
      mongodbUri: null,
      mongodbMaxPoolSize: 10,
      onUnavailable: 'degrade',
      snapshotMaxAgeMs: 86_400_000,
    },
    machines: { sharesLimits: true, name: null, leaseTimeoutMs: 5000 },
    secrets: SECRETS,
    servers: {},
  });
  t.end();
});

void t.test('each key of the file arrives under the name with its unit', (t) => {
  const config = configOf({
    global: {
      port: 1,
      host: '10.0.0.1',
      workers: 2,
      upstreamHosts: 3,
      uvThreadpoolSize: 5,
      front: 'node',
      trustProxy: ['::1'],
      maxConnectionsPerServer: 6,
      maxConcurrentRequestsPerUser: 7,
      maxTotalConnections: 8,
      queueMaxSize: 9,
      queueMaxPerUser: 4,
      queueTimeout: 10,
      idleTimeout: 1100,
      cleanupInterval: 1200,
      rateLimitTokens: 13,
      perUserLimit: 14,
      perServerLimit: 15,
      enableAdaptiveRateLimit: true,
      adaptiveThreshold: 0.5,
      healthCheckInterval: 1600,
      cpuThreshold: 17,
      memoryThreshold: 18,
      diskThreshold: 86,
      responseTimeThreshold: 19,
      errorRateThreshold: 20,
      alertCooldown: 21,
      apiKeyCacheTtl: 22,
      dataDir: '/d',
    },
    auth: {
      required: false,
      negativeCacheTtl: 23,
      failedCredentialsPerSecond: 24,
      authorizationServers: ['https://a'],
      jwt: { issuer: 'i', audience: 'a', jwksUrls: ['https://j'] },
    },
    logging: { level: 'error', directory: 'l', retentionDays: 3, stdout: true, requests: false },
    alerting: {
      webhook: { url: 'https://w', headers: { K: 'v' }, timeout: 240 },
      command: { file: 'f', args: ['x'], timeout: 250 },
    },
    store: {
      mongodbUri: 'mongodb://m/x',
      mongodbMaxPoolSize: 5,
      onUnavailable: 'refuse',
      snapshotMaxAge: 2600,
    },
    machines: { shareLimits: false, name: 'north', leaseTimeout: 2700 },
  });
  t.match(config, {
    port: 1,
    host: '10.0.0.1',
    workers: 2,
    upstreamHosts: 3,
    uvThreadpoolSize: 5,
    front: 'node',
    trustProxy: ['::1'],
    limits: {
      maxConnectionsPerServer: 6,
      maxConcurrentRequestsPerUser: 7,
      maxTotalConnections: 8,
      queueMaxSize: 9,
      queueMaxPerUser: 4,
      queueTimeoutMs: 10,
      idleTimeoutMs: 1100,
      cleanupIntervalMs: 1200,
    },
    rate: {
      gatewayTokensPerSecond: 13,
      perUserPerSecond: 14,
      perServerPerSecond: 15,
      adaptive: { enabled: true, threshold: 0.5 },
    },
    monitoring: {
      healthCheckIntervalMs: 1600,
      cpuThresholdPercent: 17,
      memoryThresholdPercent: 18,
      diskThresholdPercent: 86,
      responseTimeThresholdMs: 19,
      errorRateThresholdPercent: 20,
      alertCooldownMs: 21,
      webhook: { url: 'https://w', headers: { K: 'v' }, timeoutMs: 240 },
      command: { file: 'f', args: ['x'], timeoutMs: 250 },
    },
    auth: {
      required: false,
      apiKeyCacheTtlMs: 22,
      negativeCacheTtlMs: 23,
      failedCredentialsPerSecond: 24,
      authorizationServers: ['https://a'],
      jwt: { issuer: 'i', audience: 'a', jwksUrls: ['https://j'] },
    },
    dataDir: '/d',
    logDir: '/srv/mcp/l',
    logLevel: 'error',
    logRetentionDays: 3,
    logToStdout: true,
    logRequests: false,
    store: {
      mongodbUri: 'mongodb://m/x',
      mongodbMaxPoolSize: 5,
      onUnavailable: 'refuse',
      snapshotMaxAgeMs: 2600,
    },
    machines: { sharesLimits: false, name: 'north', leaseTimeoutMs: 2700 },
  });
  t.end();
});

void t.test('one user may take all of a queue that is short', (t) => {
  t.equal(configOf({ global: { queueMaxSize: 30 } }).limits.queueMaxPerUser, 30);
  t.equal(configOf({ global: { queueMaxSize: 0 } }).limits.queueMaxPerUser, 0);
  t.end();
});

void t.test('the public URL has no trailing slash and is an allowed origin', (t) => {
  const config = configOf({
    global: { publicUrl: 'https://MCP.example.com:8443/base//', allowedOrigins: ['https://App'] },
  });
  t.equal(config.publicUrl, 'https://MCP.example.com:8443/base');
  t.strictSame(config.allowedOrigins, ['https://app', 'https://mcp.example.com:8443']);
  t.end();
});

void t.test('the public name is allowed where names are checked, and turns no check on', (t) => {
  const hosts = (global: object) =>
    configOf({ global: { publicUrl: 'https://mcp.example.com:1', ...global } }).allowedHosts;
  t.strictSame(hosts({}), ['mcp.example.com'], 'behind a proxy on this machine');
  t.strictSame(hosts({ host: '0.0.0.0' }), [], 'every name is answered there');
  t.strictSame(hosts({ host: '0.0.0.0', allowedHosts: ['B'] }), ['b', 'mcp.example.com']);
  t.strictSame(hosts({ allowedHosts: ['mcp.example.com'] }), ['mcp.example.com'], 'named once');
  t.strictSame(hosts({ publicUrl: 'http://[::1]:8080' }), ['::1']);
  t.end();
});
