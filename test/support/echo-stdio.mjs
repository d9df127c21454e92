/**
 * A stdio MCP server in a few lines, for tests that count: `echo` returns its `value` after `delayMs`,
 * `executions` returns how often `echo` ran, `pid` who answers, `token` the variable ECHO_TOKEN. Speaks 2025 and 2026-07-28.
 */
import { createInterface } from 'node:readline';

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
const LEGACY = ['2025-03-26', '2025-06-18', '2025-11-25'];
let executions = 0;

const anything = { type: 'object', properties: {} };
const tools = ['echo', 'executions', 'pid', 'token'].map((name) => ({
  name,
  description: name,
  inputSchema: anything,
}));
const text = (value) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] });

async function call({ name, arguments: args = {} }) {
  if (name === 'executions') return text(executions);
  if (name === 'pid') return text(process.pid);
  if (name === 'token') return text(process.env.ECHO_TOKEN ?? null);
  executions += 1;
  await new Promise((resolve) => setTimeout(resolve, args.delayMs ?? 0));
  return text(args.value ?? null);
}

async function answer({ method, params = {} }) {
  const isModern = params._meta?.[VERSION_KEY] !== undefined;
  const cacheable = isModern ? { ttlMs: 0, cacheScope: 'private' } : {};
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: LEGACY.includes(params.protocolVersion)
          ? params.protocolVersion
          : LEGACY.at(-1),
        capabilities: { tools: {} },
        serverInfo: { name: 'echo-stdio', version: '1.0.0' },
      };
    case 'server/discover':
      return { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...cacheable };
    case 'ping':
      return {};
    case 'tools/list':
      return { tools, ...cacheable };
    case 'tools/call':
      return call(params);
    default:
      return undefined;
  }
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const message = JSON.parse(line);
  if (message.id === undefined || message.method === undefined) return;
  const result = await answer(message);
  const body =
    result === undefined
      ? { error: { code: -32601, message: 'Method not found' } }
      : { result: { ...result, resultType: 'complete' } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, ...body })}\n`);
});
