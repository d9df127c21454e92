/**
 * The servers of one upstream host, as the configuration has them now. A reload opens what is new, adjusts
 * what only has other limits, and leaves the rest with its sessions and children. What goes is reached by
 * nobody from that moment; it ends when its calls have, at the latest after the time for a drain.
 */
import type { ServerConfig } from '../../config/config.js';
import { isSameSource } from '../../config/config-change.js';
import type { HostServerStatus } from '../ipc/host-messages.js';
import { monotonicMs } from '../kernel/clock.js';
import type { ChannelSource } from './channel.js';
import type { HostEndpoint } from './host-exchange.js';
import type { StatusSource } from './source-status.js';
import type { StreamableEndpoint } from './streamable-endpoint.js';

export interface HostedServer {
  readonly config: ServerConfig;
  readonly source: ChannelSource & StatusSource;
  readonly endpoint: StreamableEndpoint;
  /** Resolves when it is loaded, or has failed. */
  readonly ready: Promise<unknown>;
  /** Other limits for what begins from now on. */
  adjust(config: ServerConfig): void;
}

export interface HostedServersOptions {
  /** Throws for a server that cannot be opened. `restarts`: of this name in this process. */
  readonly open: (server: ServerConfig, restarts: number) => HostedServer;
  readonly onError: (server: string, thrown: unknown) => void;
}

interface Retired {
  readonly endpoint: StreamableEndpoint;
  readonly untilMs: number;
}

export class HostedServers {
  readonly #options: HostedServersOptions;
  readonly #servers = new Map<string, HostedServer>();
  readonly #endpoints = new Map<string, HostEndpoint>();
  readonly #retired = new Set<Retired>();
  readonly #closing = new Set<Promise<void>>();
  #restarts = 0;

  constructor(options: HostedServersOptions) {
    this.#options = options;
  }

  /** By name; the same map for ever, always of the servers that are reached now. */
  get endpoints(): ReadonlyMap<string, HostEndpoint> {
    return this.#endpoints;
  }

  /** The enabled servers of this host from now on. */
  apply(servers: readonly ServerConfig[], drainTimeoutMs: number): void {
    const wanted = new Set(servers.map(({ name }) => name));
    for (const name of this.#servers.keys()) {
      if (!wanted.has(name)) this.#retire(name, drainTimeoutMs);
    }
    for (const server of servers) {
      const hosted = this.#servers.get(server.name);
      if (hosted !== undefined && isSameSource(hosted.config, server)) {
        hosted.adjust(server);
        this.#servers.set(server.name, { ...hosted, config: server });
        continue;
      }
      this.#retire(server.name, drainTimeoutMs);
      this.#open(server);
    }
  }

  /** Ends a server's children or module and begins anew. No effect for one that is not here. */
  restart(name: string, drainTimeoutMs: number): void {
    const hosted = this.#servers.get(name);
    if (hosted === undefined) return;
    this.#restarts += 1;
    this.#retire(name, drainTimeoutMs);
    this.#open(hosted.config);
  }

  /** A user's credential for the server changed: what was opened with the former one ends. */
  forgetUser(name: string, user: string): void {
    this.#servers.get(name)?.endpoint.forgetUser(user);
  }

  status(): readonly HostServerStatus[] {
    return Array.from(this.#servers, ([name, { source, endpoint }]) => ({
      name,
      ...source.status(),
      sessions: endpoint.stats().sessions,
    }));
  }

  sweep(nowMs: number): void {
    for (const { endpoint } of this.#servers.values()) endpoint.sweep(nowMs);
    for (const retired of this.#retired) {
      const { endpoint, untilMs } = retired;
      endpoint.sweep(nowMs);
      if (endpoint.stats().inFlight > 0 && nowMs < untilMs) continue;
      this.#retired.delete(retired);
      this.#close(endpoint);
    }
  }

  /** Resolves when every server is loaded or failed. */
  async settled(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(({ ready }) => ready));
  }

  /** Ends all, those that were on their way out too. */
  async close(): Promise<void> {
    for (const { endpoint } of this.#servers.values()) this.#close(endpoint);
    for (const { endpoint } of this.#retired) this.#close(endpoint);
    await Promise.all(this.#closing);
  }

  #open(server: ServerConfig): void {
    try {
      const hosted = this.#options.open(server, this.#restarts);
      this.#servers.set(server.name, hosted);
      this.#endpoints.set(server.name, hosted.endpoint);
    } catch (thrown) {
      this.#options.onError(server.name, thrown);
    }
  }

  #retire(name: string, drainTimeoutMs: number): void {
    const hosted = this.#servers.get(name);
    if (hosted === undefined) return;
    this.#servers.delete(name);
    this.#endpoints.delete(name);
    const { endpoint } = hosted;
    if (endpoint.stats().inFlight === 0) this.#close(endpoint);
    else this.#retired.add({ endpoint, untilMs: monotonicMs() + drainTimeoutMs });
  }

  #close(endpoint: StreamableEndpoint): void {
    const closing = endpoint.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
