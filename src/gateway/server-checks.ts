/**
 * Asks servers whether they are well, the way their clients reach them: `server/discover` of a modern one;
 * of a legacy one over HTTP a `ping` in one session that is kept for it; of a legacy one in the upstream
 * host the host's own check (host/legacy-check.ts). Now and then the tools are asked for too. What is
 * found here feeds neither the circuit breaker nor the adaptive limit.
 */
import { asGatewayError } from '../kernel/errors.js';
import { monotonicMs } from '../kernel/clock.js';
import { CHECK_META, MAX_CHECKED_TOOLS } from '../mcp/check-meta.js';
import { LATEST_LEGACY_VERSION } from '../mcp/versions.js';
import type { ServerCheck } from '../ipc/server-check.js';
import type { UpstreamTransport } from '../upstream/transport.js';
import { askUpstream, type UpstreamAnswer } from './ask-upstream.js';
import { findHeader } from './forward-headers.js';

export interface CheckedServer {
  readonly transport: UpstreamTransport;
  /** It lives in the upstream host. */
  readonly isHosted: boolean;
}

const MODERN = '2026-07-28';
/** A child process of a slow language takes seconds to come up. */
const ANSWER_MS = 8_000;
const GOODBYE_MS = 500;
const MAX_LOCATION_CHARS = 200;
/** Checks between two questions for the tools. */
const TOOLS_EVERY = 10;
const CLIENT_INFO = { name: 'multi-mcp-server', version: '1' };

interface Known {
  era: 'modern' | 'legacy' | null;
  /** Headers of the session kept for checks of a legacy HTTP server; null: none is open. */
  session: readonly string[] | null;
  checksToTools: number;
}

const NOTHING = { era: null, by: 'request', tools: null, problem: null } as const;
const UP = { ...NOTHING, outcome: 'up' } as const;

/** Of a server that was not asked. */
export const SKIPPED_CHECK: ServerCheck = { ...NOTHING, outcome: 'skipped', latencyMs: 0 };

type Found = Omit<ServerCheck, 'latencyMs'> & { readonly latencyMs?: number };

export class ServerChecks {
  readonly #find: (server: string) => CheckedServer | undefined;
  readonly #known = new Map<string, Known>();

  constructor(find: (server: string) => CheckedServer | undefined) {
    this.#find = find;
  }

  /** Never rejects; at most some 20 s. */
  async check(name: string): Promise<ServerCheck> {
    const server = this.#find(name);
    if (server === undefined) return SKIPPED_CHECK;
    let known = this.#known.get(name);
    if (known === undefined) {
      known = { era: null, session: null, checksToTools: 0 };
      this.#known.set(name, known);
    }
    const startedAtMs = monotonicMs();
    try {
      const found = await this.#ask(server, known);
      return { ...found, latencyMs: found.latencyMs ?? monotonicMs() - startedAtMs };
    } catch (thrown) {
      // Whatever comes up in its place may be of another revision and have other tools.
      this.#known.delete(name);
      const { message, cause } = asGatewayError(thrown);
      const problem = cause instanceof Error ? `${message} (${cause.message})` : message;
      const latencyMs = monotonicMs() - startedAtMs;
      return { ...NOTHING, outcome: 'down', era: known.era, problem, latencyMs };
    }
  }

  /** The server of this name is another one from now on. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  /** Ends the sessions that were kept. Never rejects; at most half a second. */
  async close(): Promise<void> {
    const goodbyes = Array.from(this.#known, async ([name, { session }]) => {
      const server = this.#find(name);
      if (session === null || server === undefined) return;
      await askUpstream(server.transport, {
        method: 'DELETE',
        headers: session,
        message: null,
        timeoutMs: GOODBYE_MS,
      });
    });
    this.#known.clear();
    await Promise.allSettled(goodbyes); // A server need not offer DELETE; the session idles out.
  }

  async #ask(server: CheckedServer, known: Known): Promise<Found> {
    if (known.era !== 'legacy') {
      const startedAtMs = monotonicMs();
      const answer = await ask(
        server,
        modern('server/discover'),
        MODERN_HEADERS('server/discover'),
      );
      const latencyMs = monotonicMs() - startedAtMs;
      const refusal = refusalOf(server, answer);
      if (refusal !== null) return refusal;
      if (answer.status < 300 && answer.message !== null && 'result' in answer.message) {
        known.era = 'modern';
        const tools = await this.#tools(known, () =>
          ask(server, modern('tools/list'), MODERN_HEADERS('tools/list')),
        );
        return { ...UP, era: 'modern', tools, latencyMs };
      }
      known.era = 'legacy';
    }
    return server.isHosted ? hostedLegacy(server) : this.#legacyHttp(server, known);
  }

  async #legacyHttp(server: CheckedServer, known: Known): Promise<Found> {
    const startedAtMs = monotonicMs();
    if (known.session !== null) {
      const answer = await ask(server, legacy('ping'), known.session);
      const latencyMs = monotonicMs() - startedAtMs;
      // Any other answer means that the session is gone; so it is after a restart of the server.
      if (answer.status < 300) {
        const { session } = known;
        const tools = await this.#tools(known, () => ask(server, legacy('tools/list'), session));
        return { ...UP, era: 'legacy', by: 'session', tools, latencyMs };
      }
      known.session = null;
    }
    const answer = await ask(
      server,
      legacy('initialize', {
        protocolVersion: LATEST_LEGACY_VERSION,
        capabilities: {},
        clientInfo: CLIENT_INFO,
      }),
      [],
    );
    const latencyMs = monotonicMs() - startedAtMs;
    const refusal = refusalOf(server, answer);
    if (refusal !== null) return refusal;
    const version = member(answer.message?.['result'], 'protocolVersion');
    if (answer.status >= 300 || typeof version !== 'string') {
      known.era = null;
      return down(`It answered ${answer.status} to initialize.${whereTo(answer)}`, 'legacy');
    }
    const id = findHeader(answer.headers, 'mcp-session-id');
    const session = [
      'mcp-protocol-version',
      version,
      ...(id === undefined ? [] : ['mcp-session-id', id]),
    ];
    known.session = session;
    known.checksToTools = 0;
    await ask(server, { jsonrpc: '2.0', method: 'notifications/initialized' }, session);
    const tools = await this.#tools(known, () => ask(server, legacy('tools/list'), session));
    return { ...UP, era: 'legacy', by: 'session', tools, latencyMs };
  }

  /** Null when they are not due. */
  async #tools(
    known: Known,
    list: () => Promise<UpstreamAnswer>,
  ): Promise<readonly string[] | null> {
    known.checksToTools -= 1;
    if (known.checksToTools >= 0) return null;
    known.checksToTools = TOOLS_EVERY;
    const tools = member((await list()).message?.['result'], 'tools');
    // A server without tools refuses the question.
    return Array.isArray(tools)
      ? names((tools as unknown[]).map((tool) => member(tool, 'name')))
      : [];
  }
}

function down(problem: string, era: ServerCheck['era']): Found {
  return { ...NOTHING, outcome: 'down', era, problem };
}

/** Python's servers redirect from /mcp to /mcp/ or back. A query may be a secret, and so may a user's name. */
function whereTo({ status, headers }: UpstreamAnswer): string {
  const location = findHeader(headers, 'location');
  if (status < 300 || status >= 400 || location === undefined) return '';
  const told = location.replace(/[?#].*$/u, '').replace(/\/\/[^/]*@/u, '//');
  return ` It redirects to ${told.slice(0, MAX_LOCATION_CHARS)}, which the gateway does not follow: if that is right, make it the "url".`;
}

async function hostedLegacy(server: CheckedServer): Promise<Found> {
  const { status, message } = await ask(server, legacy('ping'), []);
  const check = member(member(message?.['result'], '_meta'), CHECK_META);
  const by = member(check, 'by');
  if (status >= 300 || (by !== 'session' && by !== 'instance' && by !== 'idle')) {
    return down(hostsWords(message) ?? `It answered ${status}.`, 'legacy');
  }
  const tools = member(check, 'tools');
  return { ...UP, era: 'legacy', by, tools: Array.isArray(tools) ? names(tools) : null };
}

/** Why the upstream host refused: its own words, fit for a person. */
function hostsWords(message: UpstreamAnswer['message']): string | null {
  const said = member(message?.['error'], 'message');
  return typeof said === 'string' ? said : null;
}

/** What an answer says that is no answer of MCP; null when it may be one. */
function refusalOf(server: CheckedServer, { status, message }: UpstreamAnswer): Found | null {
  if (status >= 500) {
    return down((server.isHosted ? hostsWords(message) : null) ?? `It answered ${status}.`, null);
  }
  if (status !== 401 && status !== 403) return null;
  // It lives. Whether its users' own credentials are right is not ours to know.
  return {
    ...UP,
    problem: `It answered ${status}: it wants a credential that the gateway has not.`,
  };
}

function ask(
  { transport }: CheckedServer,
  message: Readonly<Record<string, unknown>>,
  headers: readonly string[],
): Promise<UpstreamAnswer> {
  return askUpstream(transport, { method: 'POST', headers, message, timeoutMs: ANSWER_MS });
}

const MODERN_HEADERS = (method: string): readonly string[] => [
  'mcp-protocol-version',
  MODERN,
  'mcp-method',
  method,
];

function modern(method: string): Readonly<Record<string, unknown>> {
  return legacy(method, {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  });
}

function legacy(method: string, params?: object): Readonly<Record<string, unknown>> {
  return { jsonrpc: '2.0', id: 'check', method, ...(params !== undefined && { params }) };
}

function names(values: readonly unknown[]): readonly string[] {
  return values.filter((name) => typeof name === 'string').slice(0, MAX_CHECKED_TOOLS);
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
