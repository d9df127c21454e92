/**
 * How the usual clients are told about a server: ready to paste, one entry a server. Pure text. The shapes
 * follow the clients' own documentation of 2026; each has a trap that is kept in mind at its place.
 */

export interface SnippetFacts {
  /** Without a slash at its end. */
  readonly url: string;
  readonly servers: readonly string[];
  readonly key: string;
}

export interface Snippet {
  readonly client: string;
  /** Where the text belongs. */
  readonly place: string;
  readonly text: string;
}

export function clientSnippets(facts: SnippetFacts): readonly Snippet[] {
  return [claudeCode(facts), cursor(facts), vsCode(facts), codex(facts), curl(facts)];
}

const endpoint = ({ url }: SnippetFacts, server: string) => `${url}/${server}/mcp`;
const bearer = ({ key }: SnippetFacts) => `Bearer ${key}`;

function claudeCode(facts: SnippetFacts): Snippet {
  // --header takes any number of values: anything after it would be read as one more header.
  const lines = facts.servers.map(
    (server) =>
      `claude mcp add --transport http ${server} ${endpoint(facts, server)} --header "Authorization: ${bearer(facts)}"`,
  );
  return { client: 'Claude Code', place: 'run', text: lines.join('\n') };
}

function cursor(facts: SnippetFacts): Snippet {
  const mcpServers = entries(facts, (server) => ({
    url: endpoint(facts, server),
    headers: { Authorization: bearer(facts) },
  }));
  return { client: 'Cursor', place: '.cursor/mcp.json', text: json({ mcpServers }) };
}

function vsCode(facts: SnippetFacts): Snippet {
  // Its block is named "servers"; the key is asked for once and kept out of the file.
  const servers = entries(facts, (server) => ({
    type: 'http',
    url: endpoint(facts, server),
    headers: { Authorization: 'Bearer ${input:multi-mcp-key}' },
  }));
  const inputs = [
    { type: 'promptString', id: 'multi-mcp-key', description: 'Multi-MCP API key', password: true },
  ];
  return { client: 'VS Code', place: '.vscode/mcp.json', text: json({ inputs, servers }) };
}

function codex(facts: SnippetFacts): Snippet {
  // `headers` would be ignored in silence; a name with a dot must be quoted.
  const tables = facts.servers.map((server) => {
    const name = /^[\w-]+$/.test(server) ? server : `"${server}"`;
    return [
      `[mcp_servers.${name}]`,
      `url = "${endpoint(facts, server)}"`,
      `http_headers = { "Authorization" = "${bearer(facts)}" }`,
    ].join('\n');
  });
  return { client: 'Codex', place: '~/.codex/config.toml', text: tables.join('\n\n') };
}

function curl(facts: SnippetFacts): Snippet {
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  };
  const [server = 'SERVER'] = facts.servers;
  const lines = [
    `curl -sS ${endpoint(facts, server)}`,
    `-H 'Authorization: ${bearer(facts)}'`,
    `-H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream'`,
    `-H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/list'`,
    `-d '${JSON.stringify(body)}'`,
  ];
  return { client: 'curl', place: 'run', text: lines.join(' \\\n  ') };
}

function entries<Entry>(facts: SnippetFacts, make: (server: string) => Entry) {
  return Object.fromEntries(facts.servers.map((server) => [server, make(server)]));
}

function json(document: unknown): string {
  return JSON.stringify(document, null, 2);
}
