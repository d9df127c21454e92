/**
 * The legacy revisions over HTTP for one server: which verb does what to which session. Statuses are
 * those of the SDK's server transport (1.32), which clients are tested against.
 */
import { GatewayError } from '../kernel/errors.js';
import { findHeader } from '../gateway/forward-headers.js';
import type { ScannedBody, ScannedMessage } from '../mcp/scan-message.js';
import type { ExchangeReply } from './exchange-reply.js';
import type { HostExchange } from './host-exchange.js';
import type { EndableInstance } from './instance-room.js';
import { understandsPriming } from './handshake.js';
import { LegacySession, type SessionShared } from './legacy-session.js';
import { cutShort } from './lost-with-server.js';
import { SessionTable } from './session-table.js';

export class LegacyEndpoint {
  readonly #shared: SessionShared;
  readonly #sessions: SessionTable<LegacySession>;

  constructor(shared: SessionShared) {
    this.#shared = shared;
    this.#sessions = new SessionTable(shared.options.hostId, shared.options);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** A session whose server can be asked something; the newest, because the oldest may be forgotten. */
  pingable(): LegacySession | undefined {
    let newest: LegacySession | undefined;
    for (const session of this.#sessions.values()) if (session.isPingable) newest = session;
    return newest;
  }

  /** Those that have their instance. */
  *instances(): Iterable<EndableInstance> {
    for (const session of this.#sessions.values()) if (session.hasInstance) yield session;
  }

  get inFlightCount(): number {
    let count = 0;
    for (const session of this.#sessions.values()) count += session.inFlightCount;
    return count;
  }

  /** Throws a GatewayError when nothing was begun. */
  post(exchange: HostExchange, reply: ExchangeReply, body: ScannedBody): void {
    const { headers, user, credential } = exchange.request;
    checkAccept(headers);
    const messages = body.isBatch ? body.messages : [body.message];
    for (const message of messages) checkId(message);
    const first = messages[0];
    if (first?.kind === 'request' && first.method === 'initialize' && first.id !== null) {
      if (messages.length > 1) {
        throw new GatewayError('GW_BAD_REQUEST', { hint: '"initialize" must come alone.' });
      }
      this.#openSession(user, credential).initialize(first, first.id, reply);
      return;
    }
    const session = this.#findSession(exchange);
    if (body.isBatch && (session.version ?? '') > '2025-03-26') {
      throw new GatewayError('GW_BAD_REQUEST', {
        hint: `Revision ${session.version ?? ''} has no batches; send one message per request.`,
      });
    }
    session.post(messages, reply, isPrimed(headers));
  }

  get(exchange: HostExchange, reply: ExchangeReply): void {
    const { headers } = exchange.request;
    if (!admits(headers, 'text', 'event-stream')) {
      throw new GatewayError('GW_NOT_ACCEPTABLE', { hint: 'Accept text/event-stream.' });
    }
    const session = this.#findSession(exchange);
    session.listen(reply, findHeader(headers, 'last-event-id'), isPrimed(headers));
  }

  delete(exchange: HostExchange, reply: ExchangeReply): void {
    const session = this.#findSession(exchange);
    session.close(new GatewayError('GW_SESSION_UNKNOWN', { hint: 'Its client ended it.' }));
    reply.empty(200);
  }

  sweep(nowMs: number): void {
    for (const session of [...this.#sessions.values()]) session.sweep(nowMs);
  }

  /** Ends the sessions of a user whose credential was changed or removed. */
  forgetUser(user: string): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.user === user) session.close(credentialChanged());
    }
  }

  /** Resolves when the instances of all sessions are gone. */
  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    for (const session of sessions) session.close(cutShort());
    await Promise.all(sessions.map((session) => session.whenClosed()));
  }

  #openSession(user: string, credential: string | null): LegacySession {
    return this.#sessions.add(user, (id) => {
      const onClosed = (): void => {
        this.#sessions.delete(id);
      };
      return new LegacySession({ id, user, credential, onClosed }, this.#shared);
    });
  }

  #findSession(exchange: HostExchange): LegacySession {
    const { headers, user, credential } = exchange.request;
    const session = this.#sessions.find(findHeader(headers, 'mcp-session-id'), user);
    if (session.credential === credential) return session;
    // Its instance still acts under the former one.
    session.close(credentialChanged());
    throw new GatewayError('GW_SESSION_UNKNOWN');
  }
}

function credentialChanged(): GatewayError {
  return new GatewayError('GW_SESSION_UNKNOWN', {
    hint: "The user's credential for this server was changed.",
  });
}

function checkAccept(headers: readonly string[]): void {
  if (admits(headers, 'application', 'json') && admits(headers, 'text', 'event-stream')) return;
  throw new GatewayError('GW_NOT_ACCEPTABLE', {
    hint: 'Accept both application/json and text/event-stream.',
  });
}

/** JSON-RPC allows no null id in a request (MCP: string or integer). */
function checkId(message: ScannedMessage): void {
  if (message.kind === 'request' && message.id === null) {
    throw new GatewayError('GW_BAD_REQUEST', { hint: 'A request\'s "id" must not be null.' });
  }
}

/** By the request's own header, as the SDK does: a client that sends none may be an old one. */
function isPrimed(headers: readonly string[]): boolean {
  return understandsPriming(findHeader(headers, 'mcp-protocol-version'));
}

/** Unlike the SDK, wildcards count: `curl` sends them, and they mean it (RFC 9110 §12.5.1). */
function admits(headers: readonly string[], type: string, subtype: string): boolean {
  // A list may come in several lines (§5.3), such as one for each type.
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i] === 'accept' && namesRange(headers[i + 1] ?? '', type, subtype)) return true;
  }
  return false;
}

function namesRange(accept: string, type: string, subtype: string): boolean {
  return accept.split(',').some((range) => {
    const media = range.split(';', 1)[0]?.trim().toLowerCase();
    return media === `${type}/${subtype}` || media === `${type}/*` || media === '*/*';
  });
}
