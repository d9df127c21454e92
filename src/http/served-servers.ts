/**
 * The servers that one worker serves, as the configuration has them now. A reload replaces only what
 * changed: an untouched server keeps its connections, a server with other limits too, and what was taken
 * out of service ends its calls in its own time before its connections are closed.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Config, NameRulesConfig, ServerConfig } from '../../config/config.js';
import { isSameSource } from '../../config/config-change.js';
import { accessOf, type Access } from '../gateway/access.js';
import { OpenRelays, type OpenRelay } from '../gateway/open-relays.js';
import type { PinnedTools } from '../gateway/pinned-tools.js';
import type { ServedUpstream } from '../gateway/request-path.js';
import { monotonicMs } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import { nameFilter } from '../policy/name-filter.js';
import { RetryBudget } from '../policy/retry-budget.js';
import { scopeRules } from '../policy/scope-rules.js';
import type { ConnectionCounts, UpstreamTransport } from '../upstream/transport.js';

export interface ServedServersOptions {
  /** Connections of the worker's own to an HTTP server; closed by the caller. */
  readonly connect: (config: Config, server: ServerConfig) => UpstreamTransport;
  /** Through an upstream host; never closed, because all servers of a host share one link. */
  readonly link: (server: ServerConfig) => UpstreamTransport;
  /** Who looks at its tools under this configuration; null = nobody. */
  readonly pinned: (server: ServerConfig) => PinnedTools | null;
  /** The server is another one from now on, or gone: what was learnt of it is void. */
  readonly onReplaced: (name: string) => void;
}

/** Out of service, with calls that may still be under way. */
interface Retired {
  readonly openRelays: OpenRelays;
  /** To be closed with the last of them; null when somebody else goes on using it. */
  readonly transport: UpstreamTransport | null;
  /** Then they are ended. */
  readonly untilMs: number;
}

export class ServedServers {
  readonly #options: ServedServersOptions;
  readonly #retired = new Set<Retired>();
  #config: Config;
  #served = new Map<string, ServedUpstream>();

  constructor(config: Config, options: ServedServersOptions) {
    this.#options = options;
    this.#config = config;
    for (const server of enabledServers(config)) {
      this.#served.set(server.name, this.#serve(config, server, null));
    }
  }

  /** Enabled servers by name; another map after each change. */
  get all(): ReadonlyMap<string, ServedUpstream> {
    return this.#served;
  }

  /** Whether it is reached through an upstream host. */
  /** How many connections to the server all workers may open; 0 for those behind an upstream host. */
  maxConnections(name: string): number {
    const server = this.#config.servers[name];
    return server !== undefined && hasOwnConnections(server)
      ? mostConnections(this.#config, server)
      : 0;
  }

  isHosted(name: string): boolean {
    const server = this.#config.servers[name];
    return server !== undefined && !hasOwnConnections(server);
  }

  /** Of those with connections of the worker's own. */
  connections(): Readonly<Record<string, ConnectionCounts>> {
    return Object.fromEntries(
      Array.from(this.#served).flatMap(([name, { transport }]) => {
        const counts = transport.connections?.();
        return counts === undefined ? [] : [[name, counts]];
      }),
    );
  }

  /** One step: a request sees all of the former configuration or all of this one. */
  apply(config: Config): void {
    const former = this.#config;
    const next = new Map<string, ServedUpstream>();
    for (const server of enabledServers(config)) {
      const served = this.#served.get(server.name);
      next.set(server.name, this.#successor(config, server, served));
    }
    const gone = [...this.#served].filter(([name]) => !next.has(name));
    this.#served = next;
    this.#config = config;
    for (const [name, served] of gone) {
      const server = former.servers[name];
      this.#retire(served, server !== undefined && hasOwnConnections(server));
      this.#options.onReplaced(name);
    }
  }

  /** Ends what is overdue. To be called often: a slot is held until then. */
  sweep(nowMs: number): void {
    for (const { openRelays } of this.#served.values()) openRelays.expire(nowMs);
    for (const retired of this.#retired) {
      const { openRelays, transport, untilMs } = retired;
      openRelays.expire(nowMs);
      if (nowMs >= untilMs) openRelays.endAll(replaced(), 'all');
      if (openRelays.size > 0) continue;
      this.#retired.delete(retired);
      void transport?.close();
    }
  }

  /** Ends listening streams, or everything that is under way with an upstream. `mayGoOn`: the servers outlive us. */
  endRelays(error: GatewayError, which: 'listening' | 'all', mayGoOn: boolean): void {
    for (const { openRelays } of this.#served.values()) openRelays.endAll(error, which, mayGoOn);
    // What is left of a server that was replaced ends with us.
    for (const { openRelays } of this.#retired) openRelays.endAll(error, which);
  }

  /** The listening streams that are open. */
  *listening(): Iterable<OpenRelay> {
    for (const { openRelays } of this.#served.values()) yield* openRelays.listening();
    for (const { openRelays } of this.#retired) yield* openRelays.listening();
  }

  async close(): Promise<void> {
    const transports = [...this.#served.values(), ...this.#retired].map((each) => each.transport);
    await Promise.all(transports.map((transport) => transport?.close() ?? Promise.resolve()));
  }

  #successor(
    config: Config,
    server: ServerConfig,
    served: ServedUpstream | undefined,
  ): ServedUpstream {
    const former = this.#config.servers[server.name];
    if (served === undefined || former === undefined) return this.#serve(config, server, null);
    if (!isSameSource(former, server)) {
      this.#retire(served, hasOwnConnections(former));
      this.#options.onReplaced(server.name);
      return this.#serve(config, server, null);
    }
    // Not a transport of its own: calls and streams that are under way go on, and so do their connections.
    served.transport.limitConnections?.(mostConnections(config, server));
    const isUntouched =
      isDeepStrictEqual(former, server) && served.maxBodyBytes === mostBytes(config, server);
    if (isUntouched) return served;
    const next = this.#serve(config, server, served);
    if (next.openRelays !== served.openRelays) {
      // Those under way keep the timeout they began with.
      this.#retired.add({ openRelays: served.openRelays, transport: null, untilMs: Infinity });
    }
    return next;
  }

  /** `former`: the same server with other limits, whose connections are kept. */
  #serve(config: Config, server: ServerConfig, former: ServedUpstream | null): ServedUpstream {
    const { requestTimeoutMs, streamIdleTimeoutMs, streamMaxMs } = server.connectionPool;
    const { connect, link } = this.#options;
    return {
      name: server.name,
      transport:
        former?.transport ?? (hasOwnConnections(server) ? connect(config, server) : link(server)),
      maxBodyBytes: mostBytes(config, server),
      requestTimeoutMs,
      openRelays:
        former?.requestTimeoutMs === requestTimeoutMs
          ? former.openRelays
          : new OpenRelays(requestTimeoutMs),
      streamIdleTimeoutMs,
      streamMaxMs,
      retryBudget: former?.retryBudget ?? new RetryBudget(),
      access: configuredAccess(server, this.#options.pinned(server)),
      scopes: scopeRules(server.scopes),
      credential: server.credential,
    };
  }

  #retire({ openRelays, transport }: ServedUpstream, isOwn: boolean): void {
    openRelays.endAll(replaced(), 'listening');
    const untilMs = monotonicMs() + this.#config.http.drainTimeoutMs;
    this.#retired.add({ openRelays, transport: isOwn ? transport : null, untilMs });
  }
}

/** The operator's doing, which does not count against the server that takes the name. */
function replaced(): GatewayError {
  return new GatewayError('GW_DRAINING', {
    hint: 'An operator replaced or removed it; the outcome of the request is unknown.',
    log: { sent: true },
  });
}

function enabledServers({ servers }: Config): readonly ServerConfig[] {
  return Object.values(servers).filter(({ enabled }) => enabled);
}

function hasOwnConnections({ source }: ServerConfig): boolean {
  return source.kind === 'http' && source.transport === 'http';
}

export function mostConnections({ limits }: Config, { connectionPool }: ServerConfig): number {
  return connectionPool.maxConnections ?? limits.maxConnectionsPerServer;
}

function mostBytes({ http }: Config, { maxBodyBytes }: ServerConfig): number {
  return maxBodyBytes ?? http.maxBodyBytes;
}

/** What the server's own rules leave; null = everything. */
function configuredAccess(
  { tools, prompts, resources }: ServerConfig,
  pinned: PinnedTools | null,
): Access | null {
  const judges = (rules: NameRulesConfig) => {
    const judge = nameFilter(rules);
    return judge === null ? [] : [judge];
  };
  const configured = { prompts: judges(prompts), resources: judges(resources) };
  if (pinned === null) return accessOf({ ...configured, tools: judges(tools) });
  return accessOf({ ...configured, tools: [...judges(tools), pinned] }, (message) => {
    pinned.inspect(message);
  });
}
