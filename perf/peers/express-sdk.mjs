/**
 * The proxy that a team writes by hand with Express and the SDK: a session's transport and server before
 * one SDK client to a stdio server. Copied beside the installed peers, where its imports resolve.
 * Arguments: port, then the command of the stdio server.
 */
import { randomUUID } from 'node:crypto';
import express from 'express';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const [port, command, ...args] = process.argv.slice(2);
const client = new Client({ name: 'by-hand', version: '1.0.0' });
await client.connect(new StdioClientTransport({ command, args }));

const sessions = new Map();

async function newSession() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => sessions.set(id, transport),
  });
  const server = new Server({ name: 'by-hand', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => client.listTools(params));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => client.callTool(params));
  await server.connect(transport);
  return transport;
}

const app = express();
app.use(express.json());
app.post('/mcp', async (req, res) => {
  const transport = sessions.get(req.headers['mcp-session-id']) ?? (await newSession());
  await transport.handleRequest(req, res, req.body);
});
app.listen(Number(port), '127.0.0.1', () => console.log('listening'));
