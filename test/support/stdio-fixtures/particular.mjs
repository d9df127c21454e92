/**
 * What real servers do and others must not pay for: it ends on an `initialize` that lacks something, says nothing of a
 * call that was cancelled, and every call takes its `delayMs`.
 */
import { createInterface } from 'node:readline';

const cancelled = new Set();
const say = (message) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {} } = JSON.parse(line);
  if (method === 'notifications/cancelled') cancelled.add(params.requestId);
  if (id === undefined || method === undefined) return;
  if (method === 'initialize') {
    if (params.clientInfo?.name === undefined) process.exit(1);
    const serverInfo = { name: 'particular', version: '1.0.0' };
    const { protocolVersion } = params;
    say({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo } });
  } else if (method === 'tools/call') {
    setTimeout(() => {
      if (!cancelled.has(id)) say({ id, result: { content: [] } });
    }, params.arguments?.delayMs ?? 0);
  } else say({ id, result: method === 'tools/list' ? { tools: [] } : {} });
});
