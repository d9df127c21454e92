/**
 * The gateway's operator entrance: HTTP and JSON on a unix socket that only the gateway's own user may open.
 * The file's mode is the authentication, so there is no token to juggle on the machine, and no way in from
 * the network. Errors are RFC 9457 problems.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { unlink } from 'node:fs/promises';
import { problemReply } from '../gateway/error-reply.js';
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { nextRequestId } from '../kernel/ids.js';
import type { AuditEntry, EventLog } from '../store/event-log.js';
import { ACTOR_HEADER } from './actor-header.js';
import { auditedOperations, createAuditor, type Change } from './audit.js';
import type { AdminOperations } from './operations.js';
import { answerAdminRequest } from './routes.js';
import { claimSocketPath } from './socket-path.js';

export interface AdminServerOptions {
  /** Absolute or relative to the working directory; at most 100 bytes. */
  readonly socketPath: string;
  readonly operations: AdminOperations;
  /** Where changes are recorded; absent = nowhere. */
  readonly audit?: Pick<EventLog<AuditEntry>, 'append'>;
  /** Told of a change that happened and could not be recorded. */
  readonly onUnrecorded?: (error: GatewayError, change: Change, actor: string) => void;
  /** Told of every error that is our own fault, for the log. */
  readonly onError?: (error: GatewayError) => void;
}

export interface AdminServer {
  /** Rejects with AdminSocketBusyError when another gateway answers there, AdminSocketPathError, or the system's error. */
  listen(): Promise<void>;
  /** Resolves when no connection is left; those under way are cut. Removes the socket file. */
  close(): Promise<void>;
}

/** Of no meaning; a URL has one. */
const ORIGIN = 'http://admin';
const MAX_BODY_BYTES = 65_536;
const MAX_CONNECTIONS = 32;
const REQUEST_TIMEOUT_MS = 10_000;
/** Testing a server starts it, and slow ones download themselves first. */
const ANSWER_TIMEOUT_MS = 120_000;

export function createAdminServer(options: AdminServerOptions): AdminServer {
  const { socketPath } = options;
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => void answer(request, response, options),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = ANSWER_TIMEOUT_MS;
  return {
    async listen() {
      await claimSocketPath(socketPath);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        // The file gets its mode in bind(): set afterwards, it would stand open to others for a moment.
        const umask = process.umask(0o177);
        try {
          server.listen(socketPath, resolve);
        } finally {
          process.umask(umask);
        }
      });
    },
    async close() {
      if (!server.listening) return;
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      // Node removes the file itself; this is for systems where it does not.
      await unlink(socketPath).catch(() => undefined);
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { operations, audit, onUnrecorded, onError }: AdminServerOptions,
): Promise<void> {
  const forActor = (plain: AdminOperations, actor: string): AdminOperations => {
    if (audit === undefined) return plain;
    const auditor = createAuditor({
      audit,
      actor,
      onError: (error, change) => onUnrecorded?.(error, change, actor),
    });
    return auditedOperations(plain, auditor);
  };
  try {
    const target = request.url ?? '/';
    if (!URL.canParse(target, ORIGIN)) throw new GatewayError('GW_BAD_REQUEST');
    const url = new URL(target, ORIGIN);
    const result = await answerAdminRequest(forActor(operations, actorOf(request)), {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      body: await readJson(request),
    });
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(result));
  } catch (thrown) {
    const error = asGatewayError(thrown);
    if (error.code === 'GW_INTERNAL') onError?.(error);
    const { status, headers, body } = problemReply(error, nextRequestId());
    response.writeHead(status, headers);
    response.end(body);
  }
}

const MAX_ACTOR_CHARS = 128;

/**
 * Who the caller says to be. Node cannot ask the kernel for the socket's peer; but whoever opens the socket is
 * the gateway's own user or root, who could write anything into the trail anyway.
 */
function actorOf(request: IncomingMessage): string {
  const told = String(request.headers[ACTOR_HEADER] ?? '').replace(/[^\x20-\x7e]/g, '?');
  return told === '' ? 'admin.sock' : told.slice(0, MAX_ACTOR_CHARS);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new GatewayError('GW_BODY_TOO_LARGE');
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (cause) {
    throw new GatewayError('GW_PARSE', { cause });
  }
}
