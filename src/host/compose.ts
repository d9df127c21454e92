/** Builds one upstream host's objects, in order: store, a source and an endpoint per server, the door. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import type { Config, ServerConfig, ServerSource } from '../../config/config.js';
import type { HostServerStatus, HostStart } from '../ipc/host-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import { hostOfServer } from '../kernel/host-of-server.js';
import { CleanupCounts, type CleanupDelta } from '../telemetry/cleanup-counts.js';
import { openStore } from '../store/open-store.js';
import type { Store } from '../store/store.js';
import type { ChannelSource } from './channel.js';
import { childEnvironment } from './child-environment.js';
import { ChildLedger } from './child-ledger.js';
import { createHostServer, type HostServer } from './host-server.js';
import { HostedServers, type HostedServer } from './hosted-servers.js';
import { LegacySseSource } from './legacy-sse-source.js';
import { ModuleSource } from './module-source.js';
import type { StatusSource } from './source-status.js';
import { StdioSource } from './stdio-source.js';
import { createEndpoint } from './streamable-endpoint.js';

export interface Host {
  readonly server: HostServer;
  /** Other servers and limits from now on. */
  apply(config: Config): void;
  /** No effect for a server that is not here. */
  restartServer(name: string): void;
  status(): readonly HostServerStatus[];
  /** What was cleaned up since the last time; undefined when nothing was. */
  takeRemoved(): CleanupDelta | undefined;
  /** Does what is due in every endpoint. */
  sweep(nowMs: number): void;
  /** A user's credential for a server was changed. */
  forgetCredential(server: string, user: string): void;
  /** Resolves when every module is loaded or failed, at the latest after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>;
  /** Ends endpoints with their children and modules, then the door and the store. */
  release(): Promise<void>;
  /** Server name to its module's file. */
  modules(): ReadonlyMap<string, string>;
  /** Kills what `release` had no time for; synchronous, for the last moment of the process. */
  abandon(): void;
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
/** The most a setting allows; the workers hold requests to the settings. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export async function composeHost(start: HostStart, log: Logger): Promise<Host> {
  const config = start.config as Config;
  // The primary has made it: where it is gone, one made here would be another beside the one in use.
  const opening = { isLazy: true, mustExist: true };
  const store = await openStore({ dataDir: config.dataDir, ...config.store, ...opening });
  const ledger = new ChildLedger(join(config.dataDir, `children-${start.hostIndex}`));
  for (const { pid, ...leftover } of ledger.reap()) {
    // Every line has a "pid" already, the host's own.
    log.warn({ childPid: pid, ...leftover }, 'ended the child of a former upstream host');
  }
  let current = config;
  const removed = new CleanupCounts();
  const parts = { start, store, ledger, log, removed };
  const servers = new HostedServers({
    open: (server, restarts) => hostServer(server, { ...parts, config: () => current, restarts }),
    onError: (server, thrown) => {
      log.error({ err: thrown, server }, 'a server could not be opened');
    },
  });
  const apply = (next: Config): void => {
    current = next;
    servers.apply(serversOf(next, start.hostIndex), next.http.drainTimeoutMs);
  };
  apply(config);
  const server = createHostServer({
    socketPath: start.socketPath,
    endpoints: servers.endpoints,
    streamBufferBytes: config.http.streamBufferBytes,
    maxBodyBytes: MAX_BODY_BYTES,
    log,
  });
  return {
    server,
    apply,
    restartServer: (name) => {
      servers.restart(name, current.http.drainTimeoutMs);
    },
    status: () => servers.status(),
    takeRemoved: () => removed.take(),
    sweep: (nowMs) => {
      servers.sweep(nowMs);
    },
    forgetCredential: (name, user) => {
      servers.forgetUser(name, user);
    },
    settled: async (timeoutMs) => {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([servers.settled(), timeout]);
      clearTimeout(timer);
    },
    modules: () => moduleFiles(current, start.hostIndex),
    abandon: () => {
      ledger.reap();
      server.removeSocket();
    },
    release: async () => {
      await servers.close();
      await server.close();
      await store.close();
    },
  };
}

/** The enabled servers that this host runs. */
function serversOf(config: Config, hostIndex: number): readonly ServerConfig[] {
  return Object.values(config.servers)
    .filter((server) => server.enabled && isHosted(server))
    .filter(({ name }) => hostOfServer(name, config.upstreamHosts) === hostIndex);
}

/** Server name to its module's file, of those that this host runs. */
export function moduleFiles(config: Config, hostIndex: number): ReadonlyMap<string, string> {
  return new Map(
    serversOf(config, hostIndex).flatMap(({ name, source }) =>
      source.kind === 'module' ? [[name, source.path]] : [],
    ),
  );
}

interface HostParts {
  readonly config: () => Config;
  readonly start: HostStart;
  readonly store: Store;
  readonly ledger: ChildLedger;
  readonly log: Logger;
  readonly removed: CleanupCounts;
  readonly restarts: number;
}

interface StdioLimits {
  maxProcesses: number;
  maxLineBytes: number;
}

function hostServer(server: ServerConfig, parts: HostParts): HostedServer {
  const { config, start } = parts;
  const log = parts.log.child({ server: server.name });
  const stdio = stdioLimits(server);
  const source = openSource(server, { ...parts, log, stdio });
  // Both are read each time they are needed, so a change of a limit reaches what begins after it.
  const options = {
    era: server.era,
    hostId: `h${start.hostIndex}`,
    heartbeatMs: config().http.sseHeartbeatMs,
    ...endpointLimits(server, config()),
    maxSessions: MAX_SESSIONS,
    maxSessionsPerUser: MAX_SESSIONS_PER_USER,
    maxStreamsPerSession: MAX_STREAMS_PER_SESSION,
    eventStoreMaxEvents: EVENT_STORE_MAX_EVENTS,
    eventStoreMaxBytes: EVENT_STORE_MAX_BYTES,
    probeTimeoutMs: PROBE_TIMEOUT_MS,
    onRemoved: (kind: 'session' | 'instance' | 'stream') => {
      if (kind === 'session') parts.removed.removed('sessions');
      else if (kind === 'stream') parts.removed.removed('streams');
      else if (server.source.kind === 'stdio') parts.removed.removed('processes');
      else if (server.source.kind === 'http') parts.removed.removed('connections');
    },
    log,
    now: monotonicMs,
  };
  return {
    config: server,
    source,
    endpoint: createEndpoint(source, options),
    ready: source instanceof ModuleSource ? source.ready : Promise.resolve(),
    adjust: (next) => {
      Object.assign(options, endpointLimits(next, config()));
      Object.assign(stdio, stdioLimits(next));
    },
  };
}

function endpointLimits({ source, connectionPool }: ServerConfig, { limits }: Config) {
  return {
    sessionIdleMs: source.kind === 'stdio' ? source.idleTimeoutMs : limits.idleTimeoutMs,
    // A module's instance costs nothing, and its own state must not go.
    sharedIdleMs: source.kind === 'stdio' ? source.idleTimeoutMs : Infinity,
    requestTimeoutMs: connectionPool.requestTimeoutMs,
  };
}

function stdioLimits({ source }: ServerConfig): StdioLimits {
  return source.kind === 'stdio'
    ? { maxProcesses: source.maxProcesses, maxLineBytes: source.maxLineBytes }
    : { maxProcesses: 0, maxLineBytes: 0 };
}

function openSource(
  { name, source, credential }: ServerConfig,
  { start, store, ledger, log, stdio, restarts }: HostParts & { readonly stdio: StdioLimits },
): ChannelSource & StatusSource {
  switch (source.kind) {
    case 'stdio':
      return new StdioSource(
        Object.assign(stdio, {
          serverName: name,
          spec: {
            command: source.command,
            args: source.args,
            cwd: source.cwd,
            env: childEnvironment(start.childEnvironment, source.env),
          },
          credentialVariable: credential?.into === 'env' ? credential.name : null,
          ledger,
          log,
          nowMs: monotonicMs,
          random: Math.random,
        }),
      );
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
        // Node.js keeps a module for ever; only another name makes it read the file again.
        load: () => import(restarts === 0 ? url.href : `${url.href}?restart=${restarts}`),
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
