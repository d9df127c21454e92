/** The smallest stdio server, of both eras: reads lines, answers `tools/call` with its text. */
interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: {
    readonly protocolVersion?: string;
    readonly arguments?: { readonly text?: string };
  };
}

const ECHO = {
  name: 'echo',
  description: 'Returns its text',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
};

function resultOf({ method, params }: Message): object {
  const cacheable = { ttlMs: 0, cacheScope: 'private' };
  if (method === 'server/discover')
    return { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...cacheable };
  if (method === 'tools/list') return { tools: [ECHO], ...cacheable };
  if (method === 'initialize') {
    const { protocolVersion } = params ?? {};
    const serverInfo = { name: 'echo-stdio', version: '1.0.0' };
    return { protocolVersion, capabilities: { tools: {} }, serverInfo };
  }
  if (method === 'ping') return {};
  return { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] };
}

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  let out = '';
  for (const line of lines) {
    const message = JSON.parse(line) as Message;
    if (message.id === undefined) continue;
    out += `${JSON.stringify({ jsonrpc: '2.0', id: message.id, result: resultOf(message) })}\n`;
  }
  if (out !== '') process.stdout.write(out);
});
process.stdin.on('end', () => process.exit(0));
