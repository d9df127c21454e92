import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inspectConfig, loadConfig, processEnv } from '../../config/load.js';
import { ConfigError } from '../../config/problem.js';
import type { Problem } from '../../config/problem.js';
import { inspectText, said } from './inspect-text.js';
import { SPECIFIED_FILE } from './specified-file.js';

const SHIPPED = new URL('../../config/', import.meta.url).pathname;
const PROFILES = ['server-production', 'max-throughput', 'memory-constrained', 'development'];

function problemsOf(load: () => unknown): readonly Problem[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

void t.test('the file of the specification loads as it stands', (t) => {
  const folder = t.testdir({ config: { 'server-production.json': SPECIFIED_FILE } });
  const { config, warnings } = loadConfig({ env: {}, cwd: folder });
  t.strictSame(warnings, []);
  t.match(config, {
    configPath: join(folder, 'config/server-production.json'),
    port: 8080,
    limits: {
      maxConnectionsPerServer: 50,
      maxConcurrentRequestsPerUser: 10,
      maxTotalConnections: 500,
      queueMaxSize: 1000,
    },
    rate: {
      gatewayTokensPerSecond: 100,
      perUserPerSecond: 10,
      perServerPerSecond: 50,
      adaptive: { enabled: true },
    },
    monitoring: {
      healthCheckIntervalMs: 30_000,
      cpuThresholdPercent: 80,
      memoryThresholdPercent: 85,
      diskThresholdPercent: 90,
      responseTimeThresholdMs: 5000,
    },
    servers: {
      'meerkats-table': {
        enabled: true,
        rateLimit: { requestsPerMinute: 500, burstSize: 1000 },
        connectionPool: { maxConnections: 100, requestTimeoutMs: 30_000 },
        source: { kind: 'bundled', module: 'meerkats-table' },
      },
    },
  });
  t.end();
});

void t.test('every profile that ships loads without a warning', (t) => {
  for (const name of PROFILES) {
    const { problems, warnings } = inspectConfig({ path: join(SHIPPED, `${name}.json`), env: {} });
    t.strictSame([...problems, ...warnings], [], name);
  }
  t.end();
});

void t.test('the shipped production file says what the specification says', (t) => {
  const shipped = loadConfig({ path: join(SHIPPED, 'server-production.json'), env: {}, cwd: '/' });
  const specified = inspectText(t, SPECIFIED_FILE);
  t.match(shipped.config, { ...specified.config, configPath: /./, dataDir: /./, logDir: /./ });
  t.end();
});

void t.test('every example in the shipped production file works once uncommented', (t) => {
  const text = readFileSync(join(SHIPPED, 'server-production.json'), 'utf8');
  const uncommented = text.replaceAll(/^( *)\/\/ (?= *["}\]])/gm, '$1');
  const env = {
    GITHUB_TOKEN: 'x',
    ALERT_WEBHOOK_URL: 'https://hooks.example.com/x',
    MONGODB_URI: 'mongodb://db.example.com/x',
  };
  const { config, problems } = inspectText(t, uncommented, env);
  t.strictSame(said(problems), []);
  t.strictSame(Object.keys(config.servers), [
    'github',
    'files',
    'inventory',
    'meerkats-table',
    'memory',
  ]);
  t.equal(config.publicUrl, 'https://mcp.example.com');
  t.equal(config.store.mongodbUri, env.MONGODB_URI);
  t.end();
});

void t.test('the profiles have the values they are named for', (t) => {
  const load = (name: string) =>
    loadConfig({ path: join(SHIPPED, `${name}.json`), env: {} }).config;
  t.match(load('max-throughput'), {
    limits: { maxTotalConnections: 1000, maxConnectionsPerServer: 100, queueMaxSize: 5000 },
    rate: { gatewayTokensPerSecond: 500, adaptive: { enabled: true, threshold: 0.7 } },
  });
  t.match(load('memory-constrained').limits, {
    maxTotalConnections: 200,
    queueMaxSize: 500,
    cleanupIntervalMs: 30_000,
    idleTimeoutMs: 120_000,
  });
  t.match(load('development'), { workers: 1, logLevel: 'debug', logToStdout: true });
  t.end();
});

void t.test('a Config is plain data, frozen, and survives being sent to another process', (t) => {
  const { config } = loadConfig({ path: join(SHIPPED, 'max-throughput.json'), env: {} });
  t.strictSame(JSON.parse(JSON.stringify(config)), config);
  t.ok(Object.isFrozen(config.limits));
  t.ok(Object.isFrozen(config.servers['meerkats-table']?.connectionPool));
  t.end();
});

void t.test('all problems come in one error, in the order of the file', (t) => {
  const text = [
    '{',
    '  "global": { "port": "x", "prot": 1 },',
    '  "http": { "maxBodyBytes": 5 }',
    '  "servers": { "files": {}, "api": { "url": "${API_URL}" } }',
    '}',
  ].join('\n');
  const folder = t.testdir({ 'x.json': text });
  const problems = problemsOf(() =>
    loadConfig({ path: 'x.json', env: { JWT_SECRET: 'short' }, cwd: folder }),
  );
  t.match(
    problems.map(({ file, line, column, path }) => [file, line, column, path]),
    [
      ['x.json', 2, 23, 'global.port'],
      ['x.json', 2, 28, 'global.prot'],
      ['x.json', 3, 29, 'http.maxBodyBytes'],
      ['x.json', 4, 3, ''],
      ['x.json', 4, 16, 'servers.files'],
      ['x.json', 4, 46, 'servers.api.url'],
      [null, null, null, 'JWT_SECRET'],
    ],
  );
  t.equal(problems.length, 7);
  t.end();
});

void t.test('the environment beats the file, and is blamed for what is wrong with it', (t) => {
  const { config, problems, sources } = inspectText(
    t,
    { global: { port: 1000 } },
    { PORT: '99999', HOST: '10.0.0.1', LOG_LEVEL: 'loud' },
  );
  t.equal(config.host, '10.0.0.1');
  t.strictSame(sources['global.host'], { from: 'environment', variable: 'HOST' });
  t.match(problems, [
    { file: null, path: 'PORT', message: 'must be a whole number from 1 to 65535, is 99999' },
    { file: null, path: 'LOG_LEVEL', message: /is "loud"$/ },
  ]);
  t.equal(problems.length, 2);
  t.end();
});

void t.test('an unresolved reference is a problem where it stands', (t) => {
  const { problems } = inspectText(
    t,
    '{ "servers": { "a": { "url": "http://${HOST_A}:${PORT_A}/" } } }',
  );
  t.match(problems, [
    {
      path: 'servers.a.url',
      column: 38,
      length: 9,
      message: 'refers to ${HOST_A} and ${PORT_A}, not set in the environment',
      hint: /\$\{HOST_A:-…\}/,
    },
  ]);
  t.equal(problems.length, 1);
  t.end();
});

void t.test('an unresolved reference in a disabled server is only a warning', (t) => {
  const { problems, warnings } = inspectText(t, {
    servers: { a: { enabled: false, url: '${A}' } },
    mcpServers: { b: { disabled: true, url: 'https://b/', headers: { K: '${B}' } } },
  });
  t.strictSame(problems, []);
  t.strictSame(said(warnings), [
    'servers.a.url refers to ${A}, not set in the environment',
    'mcpServers.b.headers.K refers to ${B}, not set in the environment',
  ]);
  t.end();
});

void t.test("an editor's input is explained", (t) => {
  const { problems } = inspectText(t, { mcpServers: { a: { url: 'https://${input:host}/' } } });
  t.match(problems, [{ hint: /editors ask for inputs/ }]);
  t.end();
});

void t.test('a reference does not matter where the environment sets the setting anyway', (t) => {
  const { config, problems } = inspectText(
    t,
    { store: { mongodbUri: '${DATABASE}' } },
    { MONGODB_URI: 'mongodb://db/x' },
  );
  t.strictSame(problems, []);
  t.equal(config.store.mongodbUri, 'mongodb://db/x');
  t.end();
});

void t.test('settings that do not hold together are problems or warnings with a place', (t) => {
  const { problems, warnings } = inspectText(t, {
    global: { queueMaxSize: 1, queueMaxPerUser: 2, maxConnectionsPerServer: 900 },
  });
  t.match(problems, [{ path: 'global.queueMaxPerUser', line: 4 }]);
  t.match(warnings, [{ path: 'global.maxConnectionsPerServer', line: 5 }]);
  t.end();
});

void t.test('public keys are read from the folder of the file', (t) => {
  const { problems } = inspectText(t, {
    auth: {
      jwt: {
        issuer: 'i',
        audience: 'a',
        keys: [{ algorithm: 'ES256', publicKeyFile: 'gone.pem' }],
      },
    },
  });
  t.match(problems, [
    { path: 'auth.jwt.keys[0].publicKeyFile', message: /cannot be read: ENOENT/ },
  ]);
  t.end();
});

void t.test('an empty file is refused, an empty object is all defaults', (t) => {
  t.strictSame(said(inspectText(t, '').problems), [' is empty']);
  t.strictSame(inspectText(t, {}).problems, []);
  t.end();
});

void t.test('an empty secret is worth a warning', (t) => {
  const { warnings, problems } = inspectText(t, {}, { JWT_SECRET: '' });
  t.strictSame(problems, []);
  t.match(warnings, [{ path: 'JWT_SECRET', message: /empty/ }]);
  t.end();
});

void t.test('the file is the one named, else MULTI_MCP_CONFIG, else the usual one', (t) => {
  const folder = t.testdir({
    'named.json': '{ "global": { "port": 1 } }',
    'variable.json': '{ "global": { "port": 2 } }',
    config: { 'server-production.json': '{ "global": { "port": 3 } }' },
  });
  const port = (path: string | undefined, variable: string) =>
    loadConfig({ path, env: { MULTI_MCP_CONFIG: variable }, cwd: folder }).config.port;
  t.equal(port('named.json', 'variable.json'), 1);
  t.equal(port(undefined, 'variable.json'), 2);
  t.equal(port(undefined, ''), 3);
  t.equal(port(join(folder, 'named.json'), ''), 1);
  t.end();
});

void t.test('a file that cannot be read is one clear problem', (t) => {
  const folder = t.testdir({ folder: {}, 'huge.json': ' '.repeat(4_194_305) });
  const load = (path: string | undefined, env = {}) =>
    problemsOf(() => loadConfig({ path, env, cwd: folder }));
  const nowhere = { line: null, column: null, path: '', sourceLine: null };
  t.match(load('gone.json'), [
    { ...nowhere, file: 'gone.json', message: 'does not exist', hint: null },
  ]);
  t.match(load(undefined), [
    { ...nowhere, file: 'config/server-production.json', hint: /MULTI_MCP_CONFIG/ },
  ]);
  t.match(load(undefined, { MULTI_MCP_CONFIG: '/gone.json' }), [
    { file: '/gone.json', hint: 'MULTI_MCP_CONFIG names this file' },
  ]);
  t.match(load('folder'), [{ file: 'folder', message: 'is not a file' }]);
  t.match(load('.'), [{ file: '.', message: 'is not a file' }]);
  t.match(load('huge.json'), [{ message: /^is larger than/ }]);
  t.match(load('gone.json/x\0'), [{ message: /^cannot be read: / }]);
  t.end();
});

void t.test("without an environment given it is the process's own", (t) => {
  t.equal(processEnv(), process.env);
  t.ok(loadConfig({ path: join(SHIPPED, 'development.json') }).config);
  t.end();
});

void t.test('a file that says null is refused: it would take every server out of service', (t) => {
  t.strictSame(said(inspectText(t, 'null').problems), [' must be an object { … }, is null']);
  t.end();
});
