/** The smallest stdio server of revision 2026-07-28: reads lines, answers `tools/call` with its text. */
interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly arguments?: { readonly text?: string } };
}

function resultOf({ method, params }: Message): object {
  const cacheable = { ttlMs: 0, cacheScope: 'private' };
  if (method === 'server/discover')
    return { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...cacheable };
  if (method === 'tools/list') return { tools: [], ...cacheable };
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
