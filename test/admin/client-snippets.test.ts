import t from 'tap';
import { clientSnippets } from '../../src/admin/client-snippets.js';

const facts = { url: 'https://mcp.example.com', servers: ['github', 'my.server'], key: 'mmcp_k' };
const textFor = (client: string) =>
  clientSnippets(facts).find((snippet) => snippet.client === client)?.text ?? '';

t.test('Claude Code: --header comes last, because it takes whatever follows', (t) => {
  t.same(textFor('Claude Code').split('\n'), [
    'claude mcp add --transport http github https://mcp.example.com/github/mcp --header "Authorization: Bearer mmcp_k"',
    'claude mcp add --transport http my.server https://mcp.example.com/my.server/mcp --header "Authorization: Bearer mmcp_k"',
  ]);
  t.end();
});

t.test('Cursor: mcpServers with url and headers', (t) => {
  t.same(JSON.parse(textFor('Cursor')), {
    mcpServers: {
      github: {
        url: 'https://mcp.example.com/github/mcp',
        headers: { Authorization: 'Bearer mmcp_k' },
      },
      'my.server': {
        url: 'https://mcp.example.com/my.server/mcp',
        headers: { Authorization: 'Bearer mmcp_k' },
      },
    },
  });
  t.end();
});

t.test('VS Code: servers, not mcpServers, and the key is asked for', (t) => {
  const text = textFor('VS Code');
  t.match(JSON.parse(text), {
    inputs: [{ type: 'promptString', id: 'multi-mcp-key', password: true }],
    servers: {
      github: { type: 'http', headers: { Authorization: 'Bearer ${input:multi-mcp-key}' } },
    },
  });
  t.notMatch(text, 'mmcp_k"');
  t.end();
});

t.test('Codex: http_headers, and names with a dot in quotes', (t) => {
  t.equal(
    textFor('Codex'),
    [
      '[mcp_servers.github]',
      'url = "https://mcp.example.com/github/mcp"',
      'http_headers = { "Authorization" = "Bearer mmcp_k" }',
      '',
      '[mcp_servers."my.server"]',
      'url = "https://mcp.example.com/my.server/mcp"',
      'http_headers = { "Authorization" = "Bearer mmcp_k" }',
    ].join('\n'),
  );
  t.end();
});

t.test('curl: headers and body name the same method and revision', (t) => {
  const text = textFor('curl');
  const body = JSON.parse(/-d '(.*)'/.exec(text)?.[1] ?? '') as {
    method: string;
    params: { _meta: Record<string, unknown> };
  };
  t.match(text, `Mcp-Method: ${body.method}`);
  const revision = body.params._meta['io.modelcontextprotocol/protocolVersion'];
  t.match(text, `MCP-Protocol-Version: ${String(revision)}`);
  t.match(text, /^curl -sS https:\/\/mcp\.example\.com\/github\/mcp \\\n/);
  t.match(
    clientSnippets({ ...facts, servers: [] }).at(-1)?.text,
    'https://mcp.example.com/SERVER/mcp',
  );
  t.end();
});
