/** The `global` group: the gateway as a whole. Its parts have names here alone; in the file they are one object. */
import { z } from 'zod';
import { reloading } from './reload-schema.js';
import {
  addressOrRange,
  count,
  hostName,
  httpUrl,
  milliseconds,
  percent,
  ratio,
  text,
  webOrigin,
} from './value-kinds.js';

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
    .describe('What accepts HTTP: uWebSockets.js, node:http, or the first of these that loads.'),
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
  diskThreshold: percent()
    .default(90)
    .describe('Use of the disk of data, or of logs, that raises an alert; 100: none.'),
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

export const globalGroup = z.strictObject({
  ...network,
  ...processes,
  ...budgets,
  ...rates,
  ...monitoring,
  ...reloading,
});
