import t from 'tap';
import { inspectText, said } from './inspect-text.js';

void t.test('a server has its policies with units, and defaults for the rest', (t) => {
  const { config, problems } = inspectText(t, {
    servers: {
      'meerkats-table': {},
      api: {
        url: 'http://a/mcp',
        enabled: false,
        rateLimit: { requestsPerMinute: 60, burstSize: 5 },
        connectionPool: {
          maxConnections: 7,
          requestTimeout: 100,
          streamIdleTimeout: 2000,
          streamMaxTime: 3000,
        },
        era: 'modern',
        maxBodyBytes: 4096,
        tools: { allow: ['get_*'], deny: ['get_all'] },
        resources: { allow: ['docs://*'] },
        pinning: 'quarantine',
        credential: { header: 'Authorization', prefix: 'Bearer ' },
      },
    },
  });
  t.strictSame(problems, []);
  t.strictSame(config.servers['meerkats-table'], {
    name: 'meerkats-table',
    enabled: true,
    rateLimit: null,
    connectionPool: {
      maxConnections: null,
      adaptiveLimit: 'aimd',
      requestTimeoutMs: 30_000,
      streamIdleTimeoutMs: 300_000,
      streamMaxMs: 3_600_000,
    },
    era: 'auto',
    maxBodyBytes: null,
    tools: { allow: null, deny: [] },
    prompts: { allow: null, deny: [] },
    resources: { allow: null, deny: [] },
    scopes: { required: [], tools: {} },
    pinning: 'off',
    credential: null,
    source: { kind: 'bundled', module: 'meerkats-table' },
  });
  t.strictSame(config.servers['api'], {
    name: 'api',
    enabled: false,
    rateLimit: { requestsPerMinute: 60, burstSize: 5 },
    connectionPool: {
      maxConnections: 7,
      adaptiveLimit: 'aimd',
      requestTimeoutMs: 100,
      streamIdleTimeoutMs: 2000,
      streamMaxMs: 3000,
    },
    era: 'modern',
    maxBodyBytes: 4096,
    tools: { allow: ['get_*'], deny: ['get_all'] },
    prompts: { allow: null, deny: [] },
    resources: { allow: ['docs://*'], deny: [] },
    pinning: 'quarantine',
    scopes: { required: [], tools: {} },
    credential: { into: 'header', name: 'Authorization', prefix: 'Bearer ' },
    source: { kind: 'http', url: 'http://a/mcp', headers: {}, transport: 'http', oauth: null },
  });
  t.end();
});

void t.test('both groups make one list, and a name in both is a problem', (t) => {
  const { config, problems } = inspectText(t, {
    servers: { a: { url: 'http://a' }, both: { url: 'http://b' } },
    mcpServers: { c: { command: 'x' }, both: { command: 'y' } },
  });
  t.strictSame(Object.keys(config.servers), ['a', 'both', 'c']);
  t.equal(config.servers['both']?.source.kind, 'http');
  t.strictSame(said(problems), ['mcpServers.both is in "servers" as well; keep one']);
  t.end();
});

void t.test('a bad name does not hide problems inside its entry', (t) => {
  const { problems } = inspectText(t, {
    servers: { 'a b': { url: 'http://a', cwd: '/' }, health: {} },
  });
  t.match(said(problems), [
    /^servers\["a b"\] is not a usable server name/,
    /^servers\["a b"\].cwd goes with "command"/,
    /^servers.health is a route/,
    /^servers.health names no source/,
  ]);
  t.end();
});

void t.test('a wrong or misspelt source is said once, not again as missing', (t) => {
  const { problems } = inspectText(t, {
    servers: { a: { url: 'ftp://a' }, b: { comand: 'x' }, c: { url: '${NOPE}' } },
    mcpServers: { d: { serverUrl: 'x' } },
  });
  t.match(said(problems), [
    /^servers.a.url must be a URL/,
    /^servers.b.comand is not a setting/,
    /^servers.c.url refers to/,
    /^mcpServers.d.serverUrl must be a URL/,
  ]);
  t.equal(problems.length, 4);
  t.end();
});

void t.test('a cap beyond the total is worth a warning at its place', (t) => {
  const { warnings, problems } = inspectText(t, {
    global: { maxTotalConnections: 100 },
    servers: { a: { url: 'http://a', connectionPool: { maxConnections: 101 } } },
  });
  t.strictSame(problems, []);
  t.match(warnings, [
    { path: 'servers.a.connectionPool.maxConnections', line: 9, message: /is 101.*ends at 100/ },
  ]);
  t.end();
});
