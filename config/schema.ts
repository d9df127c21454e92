/**
 * Every setting of the configuration file: type, unit, range, default and one sentence. The only source: the loader's
 * checks, the JSON Schema for editors, docs/configuration.md and the environment overrides all follow from it.
 * Group and key names are fixed, since they stand in people's files; config.ts has the shape the program sees.
 */
import { z } from 'zod';
import { alertingGroup } from './alerting-schema.js';
import { machinesGroup } from './machines-schema.js';
import { reloading } from './reload-schema.js';
import { SERVER_NAME_PATTERN } from './server-name.js';
import { clientEntry, serverEntry } from './server-schema.js';
import {
  addressOrRange,
  bytes,
  count,
  hostName,
  httpUrl,
  milliseconds,
  percent,
  ratio,
  seconds,
  text,
  webOrigin,
} from './value-kinds.js';

export type * from './config.js';

const network = {
  port: count(1, 65_535).default(8080).meta({ env: 'PORT' }).describe('TCP port for HTTP.'),
  host: text
    .default('127.0.0.1')
    .meta({ env: 'HOST' })
    .describe('Address to listen on; 0.0.0.0 or :: for every interface.'),
  publicUrl: httpUrl
    .optional()
    .describe('The gateway as clients see it behind a proxy, such as `https://mcp.example.com`.'),
  trustProxy: z
    .array(addressOrRange)
    .default([])
    .describe('Proxies whose X-Forwarded-* headers are believed: addresses or CIDR ranges.'),
  allowedHosts: z
    .array(hostName)
    .default([])
    .describe(
      'Names accepted in the Host header, without port, besides that of `publicUrl`; `*` for any. Checked when listening on loopback or when set: the guard against DNS rebinding.',
    ),
  allowedOrigins: z
    .array(webOrigin)
    .default([])
    .describe('Web origins accepted besides localhost and the gateway itself; `*` for any.'),
  front: z
    .enum(['auto', 'uws', 'node'])
    .default('auto')
    .describe('HTTP engine: uWebSockets.js, node:http, or the first of these that loads.'),
};

const processes = {
  workers: count(1, 512)
    .optional()
    .describe('HTTP processes; as many as there are CPUs if absent.'),
  upstreamHosts: count(1, 64).default(1).describe('Processes that run stdio servers and modules.'),
  uvThreadpoolSize: count(1, 1024)
    .default(4)
    .meta({ env: 'UV_THREADPOOL_SIZE' })
    .describe('libuv pool threads of every process (file access, DNS, some crypto).'),
  dataDir: text
    .default('data')
    .meta({ env: 'DATA_DIR' })
    .describe('Folder of the embedded store, generated secrets and the admin socket.'),
};

const budgets = {
  maxConnectionsPerServer: count(1, 100_000)
    .default(50)
    .describe('Calls in flight to any one server.'),
  maxConcurrentRequestsPerUser: count(1, 100_000)
    .default(10)
    .describe('Calls in flight of any one user.'),
  maxTotalConnections: count(1, 1_000_000)
    .default(500)
    .describe('Calls in flight in the whole gateway.'),
  queueMaxSize: count(0, 1_000_000)
    .default(1000)
    .describe('Calls that may wait for a slot; beyond it they get 503. 0 = never wait.'),
  queueMaxPerUser: count(0, 1_000_000)
    .optional()
    .describe(
      'Of these, calls of any one user; 100 or `queueMaxSize` if absent, whichever is less.',
    ),
  queueTimeout: milliseconds(1)
    .default(10_000)
    .describe('Longest wait for a slot, counted from arrival.'),
  idleTimeout: milliseconds(1000)
    .default(300_000)
    .describe('Upstream connections, sessions and processes unused for this long are closed.'),
  cleanupInterval: milliseconds(100)
    .default(60_000)
    .describe('How often idle and expired things are looked for.'),
};

const rates = {
  rateLimitTokens: count(1, 10_000_000)
    .optional()
    .describe("The gateway's token bucket: its size and its refill per second. Absent = no limit."),
  perUserLimit: count(1, 10_000_000)
    .optional()
    .describe('Requests of one user in any second (sliding window). Absent = no limit.'),
  perServerLimit: count(1, 10_000_000)
    .optional()
    .describe('Requests to one server in any second (sliding window). Absent = no limit.'),
  enableAdaptiveRateLimit: z
    .boolean()
    .default(false)
    .describe(
      'Shrink the rates above while the machine is loaded, and let them recover by themselves.',
    ),
  adaptiveThreshold: ratio(0.1)
    .default(0.8)
    .describe('Load from which they shrink, as a share of capacity.'),
};

const monitoring = {
  healthCheckInterval: milliseconds(100).default(30_000).describe('How often servers are probed.'),
  cpuThreshold: percent().default(80).describe('CPU use that raises an alert; 100: none.'),
  memoryThreshold: percent().default(85).describe('Memory use that raises an alert; 100: none.'),
  responseTimeThreshold: milliseconds(1)
    .default(5000)
    .describe('Response time that raises an alert.'),
  errorRateThreshold: percent()
    .default(10)
    .describe('Share of failed requests that raises an alert.'),
  alertCooldown: milliseconds(0)
    .default(300_000)
    .describe('After an alert, repeats of the same cause are counted, not sent, for this long.'),
  apiKeyCacheTtl: milliseconds(0)
    .default(300_000)
    .describe('How long a verified API key or token is trusted without asking the store.'),
};

const httpGroup = z.strictObject({
  maxHeaderBytes: bytes(4096, 65_536).default(16_384).describe('Largest request head; else 431.'),
  maxBodyBytes: bytes(1024, 67_108_864)
    .default(1_048_576)
    .describe('Largest request body; else 413.'),
  bodyTimeout: milliseconds(100)
    .default(20_000)
    .describe('Longest time a body may take; else 408.'),
  chunkedRequests: z
    .boolean()
    .default(true)
    .describe('Read bodies that come without Content-Length; if false they get 411.'),
  maxConnections: count(1, 10_000_000)
    .optional()
    .describe('Open sockets of one worker; half of its file descriptor limit if absent.'),
  maxJsonDepth: count(4, 512).default(64).describe('Deepest nesting of a body.'),
  maxJsonTokens: count(100, 10_000_000)
    .default(100_000)
    .describe('Most values and punctuation marks in a body.'),
  sseHeartbeat: milliseconds(100)
    .default(15_000)
    .describe('A comment goes down every event stream this often, so that proxies keep it open.'),
  streamStallTimeout: milliseconds(100)
    .default(30_000)
    .describe('A client that reads nothing for this long is disconnected.'),
  streamBufferBytes: bytes(16_384, 67_108_864)
    .default(1_048_576)
    .describe('Most bytes waiting for one slow reader.'),
  maxStreamsPerUser: count(1, 1_000_000)
    .default(20)
    .describe('Open listening streams of any one user.'),
  maxStreams: count(1, 10_000_000)
    .default(10_000)
    .describe('Open listening streams in the whole gateway.'),
  drainTimeout: milliseconds(0)
    .default(30_000)
    .describe('At a stop, how long calls in flight may still take.'),
});

const jwtKey = z.strictObject({
  keyId: text
    .optional()
    .describe('Only tokens with this `kid`; any token of its algorithm if absent.'),
  algorithm: z.enum(['RS256', 'ES256', 'EdDSA']).describe('The one algorithm this key verifies.'),
  publicKey: text.optional().describe('The key itself, PEM.'),
  publicKeyFile: text.optional().describe("The key's file, PEM; relative to this file's folder."),
});

const authGroup = z.strictObject({
  required: z
    .boolean()
    .default(true)
    .describe(
      'Whether MCP calls need an API key or token. false makes every caller one anonymous user.',
    ),
  negativeCacheTtl: milliseconds(0, 60_000)
    .default(5000)
    .describe('How long a refused key or token is refused without asking again.'),
  authorizationServers: z
    .array(httpUrl)
    .default([])
    .describe('OAuth issuers named in the protected-resource metadata (RFC 9728).'),
  jwt: z
    .strictObject({
      issuer: text.optional().describe('Required `iss`.'),
      audience: text
        .optional()
        .describe(
          'Required `aud`; with `authorizationServers`, the public URL of the gateway or of a server will do as well.',
        ),
      leewaySeconds: seconds(0, 60).default(30).describe('Clock difference allowed.'),
      maxLifetimeSeconds: seconds(60, 31_536_000)
        .default(86_400)
        .describe('Tokens that live longer than this are refused.'),
      keys: z.array(jwtKey).max(32).default([]).describe('Public keys of external issuers.'),
      jwksUrls: z.array(httpUrl).max(8).default([]).describe('JWKS documents of external issuers.'),
    })
    .prefault({})
    .describe('Tokens signed with JWT_SECRET (HS256), or by the issuers below.'),
});

const loggingGroup = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .meta({ env: 'LOG_LEVEL' })
    .describe('Least severe log line written.'),
  directory: text.default('logs').meta({ env: 'LOG_DIR' }).describe('Folder of the log files.'),
  retentionDays: count(1, 3650)
    .default(30)
    .meta({ unit: 'days' })
    .describe('Rotated log files older than this are deleted.'),
  stdout: z.boolean().default(false).describe('Write the log to standard output as well.'),
  requests: z.boolean().default(true).describe('Write one line a request to requests.log.'),
});

const storeGroup = z.strictObject({
  mongodbUri: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\/./, 'must start with mongodb:// or mongodb+srv://')
    .optional()
    .meta({ env: 'MONGODB_URI' })
    .describe('MongoDB for several machines; the embedded store in `dataDir` if absent.'),
  mongodbMaxPoolSize: count(1, 1000)
    .default(10)
    .describe('Connections that each process of the gateway opens to MongoDB at most.'),
  onUnavailable: z
    .enum(['degrade', 'refuse'])
    .default('degrade')
    .describe(
      'While MongoDB cannot be reached: serve those known from the snapshot in `dataDir`, or only those proven lately (and at a start, exit with 69).',
    ),
  snapshotMaxAge: milliseconds(1000)
    .default(86_400_000)
    .describe('A snapshot of identities that is older is not served from.'),
});

/** For editors only: the loader checks names apart, so that a bad one does not hide problems inside its entry. */
const serverNames = { type: 'string', pattern: SERVER_NAME_PATTERN };

export const configFile = z.strictObject({
  $schema: z.string().optional().describe('The JSON Schema, for help in editors.'),
  global: z
    .strictObject({
      ...network,
      ...processes,
      ...budgets,
      ...rates,
      ...monitoring,
      ...reloading,
    })
    .prefault({})
    .describe('The gateway as a whole.'),
  http: httpGroup.prefault({}).describe('What HTTP clients may send, and how long streams live.'),
  auth: authGroup.prefault({}).describe('Who may call.'),
  logging: loggingGroup.prefault({}).describe('Log files.'),
  alerting: alertingGroup.prefault({}).describe('Where alerts go.'),
  store: storeGroup.prefault({}).describe('Where users, keys and credentials are kept.'),
  machines: machinesGroup.prefault({}).describe('Several machines on one MongoDB.'),
  servers: z
    .record(z.string(), serverEntry)
    .default({})
    .meta({ propertyNames: serverNames })
    .describe('The MCP servers, by the name that stands in `/{server}/mcp`.'),
  mcpServers: z
    .record(z.string(), clientEntry)
    .default({})
    .meta({ propertyNames: serverNames })
    .describe('More of them, as Claude, Cursor, VS Code and others write them.'),
});

export type ConfigFile = z.output<typeof configFile>;
