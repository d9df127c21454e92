/** One small server in both SDK generations: what it does is alike, how it is written is not. */
import { McpServer as FirstGeneration } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpServer as SecondGeneration } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { nextTurn } from '../next-turn.js';

const INFO = { name: 'sdk-fixture', version: '1.0.0' };
const CAPABILITIES = { tools: {}, logging: {} };

/** Signals of calls to `wait` now in flight, in order. */
export const waiting: AbortSignal[] = [];

function waitFor(signal: AbortSignal): Promise<void> {
  waiting.push(signal);
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });

export function firstGeneration(): FirstGeneration {
  const server = new FirstGeneration(INFO, { capabilities: CAPABILITIES });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text: said }, extra) =>
    text(`${said} from ${extra.authInfo?.clientId ?? 'nobody'}`),
  );
  server.registerTool('whoami', {}, async ({ authInfo }) => {
    await nextTurn();
    return text(JSON.stringify(authInfo ?? null));
  });
  server.registerTool('log', {}, async (extra) => {
    await extra.sendNotification({
      method: 'notifications/message',
      params: { level: 'info', data: 'working' },
    });
    extra.closeSSEStream?.();
    return text('logged');
  });
  server.registerTool('wait', {}, async (extra) => {
    await waitFor(extra.signal);
    return text('waited');
  });
  return server;
}

export function secondGeneration(): SecondGeneration {
  const server = new SecondGeneration(INFO, { capabilities: CAPABILITIES });
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, (args, context) =>
    text(`${args.text} from ${context.http?.authInfo?.clientId ?? 'nobody'}`),
  );
  server.registerTool('whoami', {}, async ({ http }) => {
    await nextTurn();
    return text(JSON.stringify(http?.authInfo ?? null));
  });
  server.registerTool('log', {}, async (context) => {
    await context.mcpReq.notify({
      method: 'notifications/message',
      params: { level: 'info', data: 'working' },
    });
    context.http?.closeSSE?.();
    return text('logged');
  });
  server.registerTool('wait', {}, async (context) => {
    await waitFor(context.mcpReq.signal);
    return text('waited');
  });
  return server;
}
