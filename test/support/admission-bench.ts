/**
 * A gateway before a recording upstream, and users with tokens of their own: what the admission tests
 * share. Tokens are signed here, because a thousand API keys would take a thousand processes.
 */
import { createSecretKey } from 'node:crypto';
import { Agent } from 'node:http';
import type { Test } from 'tap';
import { mintToken } from '../../src/gateway/mint-token.js';
import { modernCall, modernRequest, rpc, type RpcReply } from './json-rpc.js';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.js';
import { startGateway, type Gateway } from './start-gateway.js';

const SECRET = 'admission-tests-admission-tests-0123456789';

export interface AdmissionBench {
  readonly gateway: Gateway;
  readonly upstream: RecordingUpstream;
  /** One tool call of a user; rejects when the connection breaks. */
  readonly call: (user: string, server: string, options?: CallOptions) => Promise<TimedReply>;
  /** `tools/list` of a user: a request that may be repeated. */
  readonly list: (user: string, server: string) => Promise<RpcReply>;
  /** `/health`, as parsed. */
  readonly health: () => Promise<AdmissionHealth>;
  /** `/metrics/prometheus`: the value of each series. */
  readonly metrics: () => Promise<ReadonlyMap<string, number>>;
}

export interface CallOptions {
  readonly tool?: string;
  readonly value?: unknown;
  /** An API key in place of the user's token. */
  readonly key?: string;
  /** The address that a proxy in front would name. */
  readonly from?: string;
  /** Connections of its own to the gateway. */
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

export interface TimedReply extends RpcReply {
  readonly elapsedMs: number;
}

export interface AdmissionHealth {
  readonly status: string;
  readonly connectionPool: {
    readonly inFlight: number;
    readonly leased: number;
    readonly queued: number;
    readonly users: number;
  };
  readonly rateLimiting: { readonly scale: number };
  readonly servers: Readonly<
    Record<
      string,
      {
        readonly leased: number;
        readonly limit: number;
        readonly queued: number;
        readonly circuitBreaker: { readonly state: string };
      }
    >
  >;
  readonly workers: readonly { readonly pid: number | null; readonly state: string }[];
}

export interface AdmissionBenchOptions {
  readonly global?: Readonly<Record<string, unknown>>;
  readonly http?: Readonly<Record<string, unknown>>;
  readonly alerting?: Readonly<Record<string, unknown>>;
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly machines?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** One that another gateway uses too, which closes it. Default: one of its own. */
  readonly upstream?: RecordingUpstream;
  /** By name; `url` is filled in. */
  readonly servers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export async function admissionBench(
  t: Test,
  options: AdmissionBenchOptions,
): Promise<AdmissionBench> {
  const { global = {}, http = {}, alerting = {}, auth = {}, machines = {}, env = {} } = options;
  const { servers } = options;
  const upstream = options.upstream ?? (await startRecordingUpstream());
  if (options.upstream === undefined) t.teardown(() => upstream.close());
  const gateway = await startGateway({
    config: {
      global: { workers: 2, ...global },
      http: { drainTimeout: 3000, ...http },
      alerting,
      auth,
      machines,
      servers: Object.fromEntries(
        Object.entries(servers).map(([name, server]) => [
          name,
          { url: upstream.url(name), ...server },
        ]),
      ),
    },
    env: { JWT_SECRET: SECRET, ...env },
  });
  t.teardown(() => gateway.destroy());
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, scheduling: 'lifo' });
  t.teardown(() => {
    agent.destroy();
  });
  const tokens = new Map<string, string>();
  let id = 0;
  return {
    gateway,
    upstream,
    async call(user, server, { tool = 'echo', value = null, key, from, agent: own, signal } = {}) {
      id += 1;
      const { message, headers } = modernCall(id, tool, { user, value });
      const startedAtMs = performance.now();
      const reply = await rpc({
        url: gateway.endpoint(server),
        key: key ?? tokenOf(tokens, user),
        message,
        headers: from === undefined ? headers : { ...headers, 'x-forwarded-for': from },
        agent: own ?? agent,
        ...(signal === undefined ? {} : { signal }),
      });
      return { ...reply, elapsedMs: performance.now() - startedAtMs };
    },
    list(user, server) {
      id += 1;
      return rpc({
        url: gateway.endpoint(server),
        key: tokenOf(tokens, user),
        ...modernRequest(id, 'tools/list'),
        agent,
      });
    },
    health: async () => (await gateway.json('/health')) as unknown as AdmissionHealth,
    metrics: async () => {
      const response = await fetch(`${gateway.url}/metrics/prometheus`);
      return seriesOf(await response.text());
    },
  };
}

/** Values of latencies in order: the q-quantile. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

function tokenOf(tokens: Map<string, string>, user: string): string {
  let token = tokens.get(user);
  if (token === undefined) {
    token = mintToken({
      user,
      servers: null,
      expiresInSeconds: 3600,
      nowSeconds: Math.floor(Date.now() / 1000),
      issuer: null,
      audience: null,
      secret: createSecretKey(Buffer.from(SECRET)),
    });
    tokens.set(user, token);
  }
  return token;
}

function seriesOf(text: string): ReadonlyMap<string, number> {
  const series = new Map<string, number>();
  for (const line of text.split('\n')) {
    const end = line.lastIndexOf(' ');
    if (line !== '' && !line.startsWith('#'))
      series.set(line.slice(0, end), Number(line.slice(end)));
  }
  return series;
}
