import t from 'tap';
import { readForeign } from '../../config/foreign-document.js';
import { importServers } from '../../config/import-servers.js';

const ENV = { GITHUB_TOKEN: 'x', MY_KEY: 'x', HOME: '/home/ana', PAT: 'x' };

async function imported(text: string, name: string, env = ENV) {
  const document = await readForeign(text, name);
  t.same(document.problems, []);
  return importServers({ document, folder: '/home/ana', env });
}

t.test('Codex: tokens and headers that are named by a variable become references', async (t) => {
  const servers = await imported(
    `model = "m"
[mcp_servers.github]
url = "https://api.example.com/mcp"
bearer_token_env_var = "GITHUB_TOKEN"
http_headers = { "X-Team" = "blue" }
env_http_headers = { "X-Key" = "MY_KEY" }
`,
    'config.toml',
  );
  t.match(servers, [{ name: 'github', notes: [] }]);
  t.same(servers[0]?.entry, {
    url: 'https://api.example.com/mcp',
    headers: {
      'X-Team': 'blue',
      'X-Key': '${MY_KEY}',
      Authorization: 'Bearer ${GITHUB_TOKEN}',
    },
  });
});

t.test('Codex: a program, what it inherits, and which tools it may show', async (t) => {
  const [server] = await imported(
    `[mcp_servers.files]
command = "npx"
args = ["-y", "server-files"]
env_vars = ["HOME", { name = "PAT", source = "local" }]
env = { DEBUG = true }
enabled_tools = ["read"]
disabled_tools = ["write"]
enabled = false
`,
    'config.toml',
  );
  t.same(server?.entry, {
    enabled: false,
    command: 'npx',
    args: ['-y', 'server-files'],
    env: { HOME: '${HOME}', PAT: '${PAT}', DEBUG: 'true' },
    tools: { allow: ['read'], deny: ['write'] },
  });
});

t.test(
  'Codex: its scopes are none of ours, and its times are told with their places',
  async (t) => {
    const [server] = await imported(
      `[mcp_servers.a]
url = "https://a.example.com/mcp"
scopes = ["repo"]
tool_timeout_sec = 30
`,
      'config.toml',
    );
    t.same(server?.entry, { url: 'https://a.example.com/mcp' });
    t.match(server?.notes, [
      { line: 3, column: 1, path: 'mcp_servers.a.scopes', message: /Codex signs in for/ },
      { line: 4, column: 1, path: 'mcp_servers.a.tool_timeout_sec', hint: /requestTimeout/ },
    ]);
  },
);

t.test('goose: its servers, but not the parts of goose itself', async (t) => {
  const servers = await imported(
    `extensions:
  developer: { type: builtin, name: developer, enabled: true, bundled: true }
  memory: { type: platform }
  github:
    name: GitHub
    description: issues
    type: stdio
    cmd: npx
    args: [-y, server-github]
    envs: { A: b }
    env_keys: [PAT]
    available_tools: []
  remote: { type: streamable_http, uri: 'https://example.com/mcp', enabled: false }
  old: { type: sse, uri: 'https://old.example.com/sse', available_tools: [a] }
`,
    'config.yaml',
  );
  t.same(
    servers.map(({ name, entry }) => [name, entry]),
    [
      ['github', { command: 'npx', args: ['-y', 'server-github'], env: { PAT: '${PAT}', A: 'b' } }],
      ['remote', { url: 'https://example.com/mcp', enabled: false }],
      ['old', { url: 'https://old.example.com/sse', transport: 'sse', tools: { allow: ['a'] } }],
    ],
  );
  t.same(
    servers.flatMap(({ notes }) => notes),
    [],
  );
});

t.test('LibreChat: what it fills in for each user is told, and is no secret', async (t) => {
  const [server] = await imported(
    `mcpServers:
  mail:
    type: streamable-http
    url: https://mail.example.com/mcp
    headers:
      X-Auth-Token: '{{MAIL_KEY}}'
`,
    'librechat.yaml',
  );
  t.same(server?.entry, {
    url: 'https://mail.example.com/mcp',
    headers: { 'X-Auth-Token': '{{MAIL_KEY}}' },
  });
  t.match(server?.notes, [
    { line: 6, column: 22, message: /filled in by the program that it comes from/ },
  ]);
  t.equal(server?.notes.length, 1);
  t.same(server?.secrets, []);
});

t.test('a list where servers should be, and a block of another program, are none', async (t) => {
  t.same(await imported('mcp_servers = [1]\n', 'x.toml'), []);
  t.match(await imported('[mcp_servers]\na = 1\n', 'x.toml'), [
    { name: 'a', notes: [{ line: 2, message: 'is no object { … }, so no server' }] },
  ]);
  t.same(await imported('extensions: { recommendations: [a.b] }\n', 'x.yaml'), []);
  t.same(await imported('extensions: [a]\n', 'x.yaml'), []);
});
