/** A server of 2026-07-28: every call takes its `delayMs`. */
import { createInterface } from 'node:readline';

const VERSION = '2026-07-28';
const say = (id, result) =>
  process.stdout.write(
    `${JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } })}\n`,
  );

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {} } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'server/discover') {
    const serverInfo = { name: 'modern-slow', version: '1.0.0' };
    say(id, { supportedVersions: [VERSION], capabilities: { tools: {} }, serverInfo });
  } else if (method === 'tools/call') {
    setTimeout(() => say(id, { content: [] }), params.arguments?.delayMs ?? 0);
  } else say(id, { tools: [] });
});
