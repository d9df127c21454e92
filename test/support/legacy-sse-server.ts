/**
 * A server of revision 2024-11-05 over HTTP+SSE, made with the SDK's own transport of that time. It
 * records what reached it, and holds back, refuses or breaks what the test wants.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { z } from 'zod';

export interface SeenRequest {
  readonly verb: string;
  readonly headers: IncomingHttpHeaders;
  /** The JSON-RPC method of a POST. */
  readonly method: string | null;
  /** As it arrived; empty for a GET. */
  readonly body: string;
}

export interface LegacySseServer {
  readonly url: string;
  readonly port: number;
  /** In the order in which they arrived. */
  readonly seen: SeenRequest[];
  /** Methods in the order in which they were handled. */
  readonly handled: string[];
  /** Signals of the calls to `wait`. */
  readonly waiting: AbortSignal[];
  readonly streams: Set<ServerResponse>;
  /** Awaited before a POST of that method is handled. */
  hold(method: string, until: Promise<void>): void;
  /** Answers every request from now on with this status; null: serves again. */
  refuse(status: number | null): void;
  /** Ends all streams and stops listening. */
  close(): Promise<void>;
}

/** `port`: default a free one. */
export async function startLegacySseServer(port = 0): Promise<LegacySseServer> {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the transport under test speaks to nothing else
  const transports = new Map<string, SSEServerTransport>();
  const seen: SeenRequest[] = [];
  const handled: string[] = [];
  const waiting: AbortSignal[] = [];
  const streams = new Set<ServerResponse>();
  const held = new Map<string, Promise<void>>();
  let refusedWith: number | null = null;

  const http = createServer((request, response) => {
    const { method: verb = '', headers, url = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const serve = async (): Promise<void> => {
      const body = await text(request);
      const message = verb === 'POST' ? (JSON.parse(body) as { method?: string }) : null;
      const method = message?.method ?? null;
      seen.push({ verb, headers, method, body });
      if (refusedWith !== null) {
        response.writeHead(refusedWith).end();
        return;
      }
      if (verb === 'GET' && pathname === '/sse') {
        streams.add(response);
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
        const transport = new SSEServerTransport('/messages', response);
        transports.set(transport.sessionId, transport);
        await oldServer(waiting).connect(transport);
        return;
      }
      await held.get(method ?? '');
      handled.push(method ?? '');
      const transport = transports.get(searchParams.get('sessionId') ?? '');
      if (transport === undefined) response.writeHead(404).end();
      else await transport.handlePostMessage(request, response, message);
    };
    serve().catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  const bound = (http.address() as AddressInfo).port;

  return {
    url: `http://127.0.0.1:${bound}/sse`,
    port: bound,
    seen,
    handled,
    waiting,
    streams,
    hold: (method, until) => held.set(method, until),
    refuse: (status) => {
      refusedWith = status;
    },
    async close() {
      if (!http.listening) return;
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

function oldServer(waiting: AbortSignal[]): McpServer {
  const server = new McpServer({ name: 'old', version: '1' });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  server.registerTool('work', {}, async ({ sendNotification, _meta }) => {
    const progressToken = _meta?.progressToken ?? 'none';
    const params = { progressToken, progress: 1, total: 2 };
    await sendNotification({ method: 'notifications/progress', params });
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('wait', {}, async ({ signal }) => {
    waiting.push(signal);
    await once(signal, 'abort');
    return { content: [] };
  });
  return server;
}
