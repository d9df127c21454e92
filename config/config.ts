/**
 * What the rest of the program knows of its settings: frozen, JSON-serialisable, units in the names.
 * The primary loads it once and hands it to every process it forks; nothing else reads the file.
 * The file's own keys, ranges and defaults stand in schema.ts; to-config.ts turns the one into the other.
 */

export interface Config {
  /** Absolute path of the file this came from; null when it was built in memory. */
  readonly configPath: string | null;
  readonly host: string;
  readonly port: number;
  /** Forked HTTP processes; the CPU count unless set. */
  readonly workers: number;
  readonly upstreamHosts: number;
  /** libuv pool threads of every forked process, to be passed in its environment at fork. */
  readonly uvThreadpoolSize: number;
  readonly front: 'auto' | 'uws' | 'node';
  /** The gateway as clients see it, such as `https://mcp.example.com`; no trailing slash. */
  readonly publicUrl: string | null;
  /** Addresses or CIDR ranges whose X-Forwarded-* headers are believed. */
  readonly trustProxy: readonly string[];
  /** Lower-case names without port, or `*`; empty = the address listened on decides (http/host-rules.ts). */
  readonly allowedHosts: readonly string[];
  /** Lower-case origins, or `*`; the origin of publicUrl is already among them. */
  readonly allowedOrigins: readonly string[];
  readonly http: HttpConfig;
  readonly limits: LimitsConfig;
  readonly rate: RateConfig;
  readonly monitoring: MonitoringConfig;
  readonly auth: AuthConfig;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute. */
  readonly logDir: string;
  readonly logLevel: LogLevel;
  readonly logRetentionDays: number;
  /** Also write the log to standard output (containers, journald). */
  readonly logToStdout: boolean;
  /** One line a request in `requests.log`. */
  readonly logRequests: boolean;
  /** From OTEL_* variables; null = calls are not traced. */
  readonly tracing: TracingConfig | null;
  /** Whether a changed file is applied without being asked to. */
  readonly reloadOnChange: boolean;
  readonly store: StoreConfig;
  readonly machines: MachinesConfig;
  readonly secrets: SecretsConfig;
  /** Keyed by name, disabled ones included; look names from outside up with Object.hasOwn. */
  readonly servers: Readonly<Record<string, ServerConfig>>;
}

export interface HttpConfig {
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  /** Whether request bodies with Transfer-Encoding: chunked are read; if not, they get 411. */
  readonly chunkedRequests: boolean;
  /** Open sockets a worker accepts; null = half of the process's file descriptor limit. */
  readonly maxConnections: number | null;
  readonly maxJsonDepth: number;
  readonly maxJsonTokens: number;
  readonly sseHeartbeatMs: number;
  readonly streamStallTimeoutMs: number;
  readonly streamBufferBytes: number;
  readonly maxStreamsPerUser: number;
  readonly maxStreams: number;
  readonly drainTimeoutMs: number;
}

export interface LimitsConfig {
  readonly maxTotalConnections: number;
  /** For servers that set no `connectionPool.maxConnections` of their own. */
  readonly maxConnectionsPerServer: number;
  readonly maxConcurrentRequestsPerUser: number;
  readonly queueMaxSize: number;
  readonly queueMaxPerUser: number;
  readonly queueTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly cleanupIntervalMs: number;
}

export interface RateConfig {
  /** Size and refill per second of the gateway's token bucket; null = unlimited. */
  readonly gatewayTokensPerSecond: number | null;
  /** Requests in any second; null = unlimited. */
  readonly perUserPerSecond: number | null;
  /** Requests in any second, for servers without a `rateLimit` of their own; null = unlimited. */
  readonly perServerPerSecond: number | null;
  readonly adaptive: {
    readonly enabled: boolean;
    /** Load, as a ratio 0..1 of capacity, from which the effective rates shrink. */
    readonly threshold: number;
  };
}

export interface MonitoringConfig {
  readonly healthCheckIntervalMs: number;
  readonly cpuThresholdPercent: number;
  readonly memoryThresholdPercent: number;
  readonly diskThresholdPercent: number;
  readonly responseTimeThresholdMs: number;
  readonly errorRateThresholdPercent: number;
  readonly alertCooldownMs: number;
  /** A level must last this long to be an alert, and to be over. */
  readonly alertSustainedMs: number;
  /** Over which response times, failures and refusals are looked at. */
  readonly alertWindowMs: number;
  /** Refusals of one rate limit within the window that are an alert. */
  readonly alertRefusals: number;
  readonly webhook: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
  } | null;
  /** Started without a shell for every alert, which it gets as JSON on standard input. */
  readonly command: {
    readonly file: string;
    readonly args: readonly string[];
    readonly timeoutMs: number;
  } | null;
}

export interface TracingConfig {
  readonly serviceName: string;
}

export interface AuthConfig {
  readonly required: boolean;
  readonly apiKeyCacheTtlMs: number;
  readonly negativeCacheTtlMs: number;
  /** 0: no limit. */
  readonly failedCredentialsPerSecond: number;
  readonly jwt: {
    readonly issuer: string | null;
    readonly audience: string | null;
    readonly leewaySeconds: number;
    readonly maxLifetimeSeconds: number;
    readonly publicKeys: readonly JwtPublicKey[];
    readonly jwksUrls: readonly string[];
  };
  /** Issuer URLs for RFC 9728 metadata; empty = that route is absent. */
  readonly authorizationServers: readonly string[];
}

/** A key that verifies tokens of one algorithm only (RFC 8725: never the one the token names). */
export interface JwtPublicKey {
  readonly keyId: string | null;
  readonly algorithm: JwtAlgorithm;
  /** SPKI PEM, already read from its file. */
  readonly pem: string;
}

export type JwtAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

interface StoreConfig {
  /** Null = the embedded store in dataDir. */
  readonly mongodbUri: string | null;
  /** Connections that each process opens to MongoDB at most. */
  readonly mongodbMaxPoolSize: number;
  /** While MongoDB is away: serve from the last snapshot of identities, or refuse (at the start: exit 69). */
  readonly onUnavailable: 'degrade' | 'refuse';
  /** An older snapshot of identities is not served from. */
  readonly snapshotMaxAgeMs: number;
}

/** Of those on one MongoDB; without one there is nobody to share with. */
export interface MachinesConfig {
  readonly sharesLimits: boolean;
  /** Null = the host name. */
  readonly name: string | null;
  /** A machine not heard of for so long is gone. */
  readonly leaseTimeoutMs: number;
}

/** From the environment or `*_FILE` only; null = the primary generates one and keeps it in dataDir. */
export interface SecretsConfig {
  readonly jwtSecret: string | null;
  /** Still accepted for tokens signed before a rotation; null = none. */
  readonly jwtSecretPrevious: string | null;
  /** Seals per-user upstream credentials and session ids. */
  readonly masterKey: string | null;
  /** Still opens upstream credentials that were sealed before a rotation; null = none. */
  readonly masterKeyPrevious: string | null;
}

type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface ServerConfig {
  readonly name: string;
  readonly enabled: boolean;
  /** Its own token bucket, in place of `rate.perServerPerSecond`; null = that one holds. */
  readonly rateLimit: { readonly requestsPerMinute: number; readonly burstSize: number } | null;
  readonly connectionPool: {
    /** Null = `limits.maxConnectionsPerServer`. */
    readonly maxConnections: number | null;
    /** Law by which the in-flight limit adapts, where adaptive limiting is on. */
    readonly adaptiveLimit: 'aimd' | 'gradient2';
    readonly requestTimeoutMs: number;
    readonly streamIdleTimeoutMs: number;
    readonly streamMaxMs: number;
  };
  /** MCP era spoken with this upstream; auto = probe it. */
  readonly era: 'auto' | 'legacy' | 'modern';
  /** Null = `http.maxBodyBytes`. */
  readonly maxBodyBytes: number | null;
  readonly tools: NameRulesConfig;
  readonly prompts: NameRulesConfig;
  /** Of URIs, and of URI templates as they are written. */
  readonly resources: NameRulesConfig;
  /** OAuth scopes that tokens need, for any use and, by pattern, for tools; API keys need none. */
  readonly scopes: ScopesConfig;
  /** What happens when the server changes a tool that was seen before; `off` = nobody looks. */
  readonly pinning: 'off' | PinningPolicy;
  /** Where each user's own stored credential goes in calls to this upstream; null = none is sent. */
  readonly credential: CredentialInjection | null;
  readonly source: ServerSource;
}

/** allow: pin the new definition; warn: tell operators; quarantine: also hide the tool until it is approved. */
export type PinningPolicy = 'allow' | 'warn' | 'quarantine';

export interface NameRulesConfig {
  /** Null = every name; `*` stands for any characters. */
  readonly allow: readonly string[] | null;
  /** Beats `allow`. */
  readonly deny: readonly string[];
}

export interface ScopesConfig {
  readonly required: readonly string[];
  readonly tools: Readonly<Record<string, readonly string[]>>;
}

/** How the gateway gets a token of its own for a server: OAuth client credentials. */
export interface ClientCredentialsConfig {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  /** RFC 8707. */
  readonly resource: string;
  readonly clientAuthentication: 'basic' | 'post';
}

export type CredentialInjection =
  | { readonly into: 'header'; readonly name: string; readonly prefix: string }
  | { readonly into: 'env'; readonly name: string }
  | { readonly into: 'context'; readonly name: string };

export type ServerSource =
  | { readonly kind: 'bundled'; readonly module: string }
  /** `path` is absolute. */
  | { readonly kind: 'module'; readonly path: string }
  | {
      readonly kind: 'stdio';
      /** A name to look up on PATH, or an absolute path. */
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      /** Absolute; null = the gateway's own working directory. */
      readonly cwd: string | null;
      readonly idleTimeoutMs: number;
      readonly maxProcesses: number;
      readonly maxLineBytes: number;
    }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Streamable HTTP, or the HTTP+SSE of revision 2024-11-05. */
      readonly transport: 'http' | 'sse';
      /** Null = none but `headers`. Never with `sse`. */
      readonly oauth: ClientCredentialsConfig | null;
    };
