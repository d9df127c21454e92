/**
 * The conformance fixture over streamable HTTP: `node http.mjs [port]` (default 0: any). One URL
 * serves 2026-07-28 (a fresh instance per request) and 2025 sessions with resumable streams.
 * Prints `listening <port>` when it accepts; ends on SIGTERM.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
  WebStandardStreamableHTTPServerTransport,
  createMcpHandler,
  hostHeaderValidationResponse,
  isInitializeRequest,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from '@modelcontextprotocol/server';
import { MemoryEventStore } from './event-store.mjs';
import { createFixtureServer } from './server.mjs';
import { webListener } from './web-http.mjs';

const POLL_AGAIN_MS = 200;
const MAX_SESSIONS = 1000;

const modern = createMcpHandler(
  ({ era }) => createFixtureServer({ era, announce: modern.notify }),
  { legacy: 'reject' },
);

/** @type {Map<string, WebStandardStreamableHTTPServerTransport>} */
const sessions = new Map();

async function openSession() {
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: new MemoryEventStore(),
    retryInterval: POLL_AGAIN_MS,
    onsessioninitialized: (id) => {
      sessions.set(id, transport);
      if (sessions.size > MAX_SESSIONS) void sessions.values().next().value?.close();
    },
  });
  transport.onclose = () => sessions.delete(transport.sessionId ?? '');
  await createFixtureServer().connect(transport);
  return transport;
}

const refuse = (status, code, message) =>
  Response.json({ jsonrpc: '2.0', id: null, error: { code, message } }, { status });

async function serveLegacy(request) {
  const sessionId = request.headers.get('mcp-session-id');
  if (sessionId !== null) {
    const transport = sessions.get(sessionId);
    return transport?.handleRequest(request) ?? refuse(404, -32001, 'Session not found');
  }
  const parsedBody =
    request.method === 'POST'
      ? await request
          .clone()
          .json()
          .catch(() => null)
      : null;
  if (!isInitializeRequest(parsedBody)) {
    return refuse(400, -32000, 'Bad Request: Mcp-Session-Id header is required');
  }
  return (await openSession()).handleRequest(request);
}

async function handle(request) {
  const refused =
    hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
    originValidationResponse(request, localhostAllowedOrigins());
  if (refused) return refused;
  return (await isLegacyRequest(request)) ? serveLegacy(request) : modern.fetch(request);
}

const server = createServer(webListener(handle));
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  process.stdout.write(`listening ${server.address().port}\n`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
