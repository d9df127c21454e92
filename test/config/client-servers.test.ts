import t from 'tap';
import { fromClientEntry } from '../../config/client-servers.js';
import { clientEntry } from '../../config/server-schema.js';
import type { ServerEntry } from '../../config/server-schema.js';

function convert(entry: object) {
  const problems: string[] = [];
  const warnings: string[] = [];
  const server = fromClientEntry('x', clientEntry.parse(entry), {
    report: (path, { message }) => problems.push(`${path.join('.')} ${message}`),
    warn: (path, { message }) => warnings.push(`${path.join('.')} ${message}`),
  });
  return { server, problems, warnings };
}

/** As people have them: Claude Desktop, Claude Code, Cursor, VS Code, Windsurf, Gemini. */
const BLOCKS: [string, object, Partial<ServerEntry>][] = [
  [
    'Claude Desktop',
    { command: 'npx', args: ['-y', 'x'], env: { KEY: 'v' } },
    { command: 'npx', args: ['-y', 'x'], env: { KEY: 'v' }, url: undefined, enabled: true },
  ],
  [
    'Claude Code',
    { type: 'http', url: 'https://a/mcp', headers: { Authorization: 'Bearer v' } },
    { url: 'https://a/mcp', headers: { Authorization: 'Bearer v' }, transport: 'http' },
  ],
  ['Claude Code, sse', { type: 'sse', url: 'https://a/events' }, { transport: 'sse' }],
  ['Cursor', { url: 'https://a/mcp' }, { url: 'https://a/mcp', transport: undefined }],
  ['VS Code', { type: 'stdio', command: 'x', cwd: '/' }, { command: 'x', cwd: '/' }],
  ['Roo Code', { type: 'streamable-http', url: 'https://a' }, { transport: 'http' }],
  ['Cline', { type: 'streamableHttp', url: 'https://a', disabled: true }, { enabled: false }],
  ['Windsurf', { serverUrl: 'https://a/sse' }, { url: 'https://a/sse' }],
  ['Gemini', { httpUrl: 'https://a/mcp' }, { url: 'https://a/mcp' }],
];

void t.test('an entry means the same as in the client it was pasted from', (t) => {
  for (const [client, entry, expected] of BLOCKS) {
    const { server, problems, warnings } = convert(entry);
    t.match(server, expected, client);
    t.strictSame([...problems, ...warnings], [], client);
  }
  t.end();
});

void t.test('the policies of the gateway may stand in such an entry too', (t) => {
  const policies = {
    rateLimit: { requestsPerMinute: 1, burstSize: 2 },
    connectionPool: { maxConnections: 3, requestTimeout: 100 },
    era: 'legacy',
    maxBodyBytes: 2048,
    tools: { allow: ['a'] },
    prompts: { deny: ['b'] },
    resources: { allow: ['file:///c/*'] },
    scopes: { required: ['d'] },
    pinning: 'quarantine',
    credential: { env: 'KEY' },
  };
  t.match(convert({ command: 'x', ...policies }).server, policies);
  t.equal(convert({ command: 'x', enabled: false }).server.enabled, false);
  t.equal(convert({ command: 'x', enabled: true, disabled: true }).server.enabled, true);
  t.end();
});

void t.test("a client's own keys are ignored with a warning", (t) => {
  const { problems, warnings } = convert({ command: 'x', alwaysAllow: ['a'], timeout: 60 });
  t.strictSame(problems, []);
  t.strictSame(warnings, [
    'mcpServers.x.alwaysAllow is a setting of some client; ignored',
    'mcpServers.x.timeout is a setting of some client; ignored',
  ]);
  t.end();
});

void t.test('a key that looks like a slip is a problem', (t) => {
  const { problems, warnings } = convert({ comand: 'x' });
  t.strictSame(problems, ['mcpServers.x.comand is not a setting']);
  t.strictSame(warnings, []);
  t.end();
});

void t.test('two spellings of the URL, or a type that does not fit, are problems', (t) => {
  t.strictSame(convert({ url: 'https://a', serverUrl: 'https://b' }).problems, [
    'mcpServers.x.serverUrl says again what "url" says',
  ]);
  t.strictSame(convert({ type: 'stdio', httpUrl: 'https://a' }).problems, [
    'mcpServers.x.type is "stdio", and "httpUrl" is for http',
  ]);
  t.strictSame(convert({ type: 'sse', command: 'x' }).problems, [
    'mcpServers.x.type is "sse", and "command" is for stdio',
  ]);
  t.end();
});
