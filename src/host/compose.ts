/** Builds one upstream host's objects, in order: store, a source and an endpoint per server, the door. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import type { Config, ServerConfig, ServerSource } from '../../config/config.js';
import type { HostServerStatus, HostStart } from '../ipc/host-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { hostOfServer } from '../kernel/host-of-server.js';
import { openStore } from '../store/open-store.js';
import type { Store } from '../store/store.js';
import type { ChannelSource } from './channel.js';
import { childEnvironment } from './child-environment.js';
import { ChildLedger } from './child-ledger.js';
import { createHostServer, type HostServer } from './host-server.js';
import { LegacySseSource } from './legacy-sse-source.js';
import { ModuleSource } from './module-source.js';
import type { StatusSource } from './source-status.js';
import { StdioSource } from './stdio-source.js';
import { createEndpoint, type StreamableEndpoint } from './streamable-endpoint.js';

export interface Host {
  readonly server: HostServer;
  status(): readonly HostServerStatus[];
  /** Does what is due in every endpoint. */
  sweep(nowMs: number): void;
  /** Resolves when every module is loaded or failed, at the latest after `timeoutMs`. */
  /** A user's credential for a server was changed. */
  forgetCredential(server: string, user: string): void;
  settled(timeoutMs: number): Promise<void>;
  /** Ends endpoints with their children and modules, then the door and the store. */
  release(): Promise<void>;
  /** Kills what `release` had no time for; synchronous, for the last moment of the process. */
  abandon(): void;
}

interface HostedServer {
  readonly name: string;
  readonly source: ChannelSource & StatusSource;
  readonly endpoint: StreamableEndpoint;
}

const BUNDLED_MODULES: ReadonlyMap<string, URL> = new Map([
  ['meerkats-table', new URL('../servers/meerkats-table/module.js', import.meta.url)],
]);

const PROBE_TIMEOUT_MS = 5_000;
const EVENT_STORE_MAX_EVENTS = 1_000;
const EVENT_STORE_MAX_BYTES = 1024 * 1024;
const MAX_STREAMS_PER_SESSION = 64;
const MAX_MODULE_CHANNELS = 10_000;
const MAX_SESSIONS = 10_000;
const MAX_SESSIONS_PER_USER = 100;

export async function composeHost(start: HostStart, log: Logger): Promise<Host> {
  const config = start.config as Config;
  const store = await openStore({ dataDir: config.dataDir, ...config.store, isLazy: true });
  const ledger = new ChildLedger(join(config.dataDir, `children-${start.hostIndex}`));
  for (const leftover of ledger.reap()) {
    log.warn(leftover, 'ended the child of a former upstream host');
  }
  const hosted = Object.values(config.servers)
    .filter((server) => server.enabled && isHosted(server))
    .filter(({ name }) => hostOfServer(name, config.upstreamHosts) === start.hostIndex)
    .map((server) => hostServer(server, { config, start, store, ledger, log }));
  const server = createHostServer({
    socketPath: start.socketPath,
    endpoints: new Map(hosted.map(({ name, endpoint }) => [name, endpoint])),
    streamBufferBytes: config.http.streamBufferBytes,
    maxBodyBytes: largestBody(config),
    log,
  });
  return {
    server,
    status: () => hosted.map(({ name, source }) => ({ name, ...source.status() })),
    sweep: (nowMs) => {
      for (const { endpoint } of hosted) endpoint.sweep(nowMs);
    },
    forgetCredential: (name, user) => {
      hosted.find((each) => each.name === name)?.endpoint.forgetUser(user);
    },
    settled: async (timeoutMs) => {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      const ready = hosted.map(({ source }) =>
        source instanceof ModuleSource ? source.ready : Promise.resolve(),
      );
      await Promise.race([Promise.all(ready), timeout]);
      clearTimeout(timer);
    },
    abandon: () => {
      ledger.reap();
      rmSync(start.socketPath, { force: true });
    },
    release: async () => {
      await Promise.all(hosted.map(({ endpoint }) => endpoint.close()));
      await server.close();
      await store.close();
    },
  };
}

interface HostParts {
  readonly config: Config;
  readonly start: HostStart;
  readonly store: Store;
  readonly ledger: ChildLedger;
  readonly log: Logger;
}

function hostServer(server: ServerConfig, parts: HostParts): HostedServer {
  const { config, start } = parts;
  const log = parts.log.child({ server: server.name });
  const source = openSource(server, { ...parts, log });
  const endpoint = createEndpoint(source, {
    serverName: server.name,
    era: server.era,
    hostId: `h${start.hostIndex}`,
    heartbeatMs: config.http.sseHeartbeatMs,
    sessionIdleMs:
      server.source.kind === 'stdio' ? server.source.idleTimeoutMs : config.limits.idleTimeoutMs,
    maxSessions: MAX_SESSIONS,
    maxSessionsPerUser: MAX_SESSIONS_PER_USER,
    maxStreamsPerSession: MAX_STREAMS_PER_SESSION,
    eventStoreMaxEvents: EVENT_STORE_MAX_EVENTS,
    eventStoreMaxBytes: EVENT_STORE_MAX_BYTES,
    probeTimeoutMs: PROBE_TIMEOUT_MS,
    requestTimeoutMs: server.connectionPool.requestTimeoutMs,
    log,
    now: monotonicMs,
  });
  return { name: server.name, source, endpoint };
}

function openSource(
  { name, source, credential }: ServerConfig,
  { start, store, ledger, log }: HostParts,
): ChannelSource & StatusSource {
  switch (source.kind) {
    case 'stdio':
      return new StdioSource({
        serverName: name,
        spec: {
          command: source.command,
          args: source.args,
          cwd: source.cwd,
          env: childEnvironment(start.childEnvironment, source.env),
        },
        credentialVariable: credential?.into === 'env' ? credential.name : null,
        maxProcesses: source.maxProcesses,
        maxLineBytes: source.maxLineBytes,
        ledger,
        log,
        nowMs: monotonicMs,
        random: Math.random,
      });
    case 'http':
      return new LegacySseSource({
        url: source.url,
        headers: source.headers,
        credentialHeader: credential?.into === 'header' ? credential : null,
      });
    case 'bundled':
    case 'module': {
      const url = moduleUrl(source);
      return new ModuleSource({
        serverName: name,
        load: () => import(url.href),
        documents: store.documents,
        maxChannels: MAX_MODULE_CHANNELS,
        log,
      });
    }
  }
}

function moduleUrl(source: Extract<ServerSource, { kind: 'bundled' | 'module' }>): URL {
  if (source.kind === 'module') return pathToFileURL(source.path);
  const url = BUNDLED_MODULES.get(source.module);
  if (url === undefined) throw new Error(`there is no bundled server "${source.module}"`);
  return url;
}

/** Streamable HTTP servers are reached by the workers themselves. */
function isHosted({ source }: ServerConfig): boolean {
  return source.kind !== 'http' || source.transport === 'sse';
}

function largestBody(config: Config): number {
  const own = Object.values(config.servers).map(({ maxBodyBytes }) => maxBodyBytes ?? 0);
  return Math.max(config.http.maxBodyBytes, ...own);
}
