/**
 * What somebody meets who starts the gateway for the first time: the configuration file of the
 * documentation works as it stands, a first key is there, and a mistake is explained.
 */
import { readFile, stat } from 'node:fs/promises';
import t from 'tap';
import { connectClient } from '../support/mcp-clients.js';
import { startProgram } from '../support/child-program.js';
import { failedStart, startGateway } from '../support/start-gateway.js';
import { within } from '../support/until.js';

t.setTimeout(120_000);

const DOCUMENTED = `{
  "global": {
    "port": 8080,
    // Connection Pool Settings
    "maxConnectionsPerServer": 50, "maxConcurrentRequestsPerUser": 10, "maxTotalConnections": 500, "queueMaxSize": 1000,
    // Rate Limiting
    "rateLimitTokens": 100, "perUserLimit": 10, "perServerLimit": 50, "enableAdaptiveRateLimit": true,
    // Monitoring
    "healthCheckInterval": 30000, "cpuThreshold": 80, "memoryThreshold": 85, "responseTimeThreshold": 5000
  },
  "servers": {
    "meerkats-table": {
      "enabled": true,
      "rateLimit": { "requestsPerMinute": 500, "burstSize": 1000 },
      "connectionPool": { "maxConnections": 100, "requestTimeout": 30000 }
    }
  }
}
`;

/** What the shell prints for a command line that the gateway printed. */
async function shell(command: string): Promise<string> {
  const program = startProgram({ command: '/bin/sh', args: ['-c', command] });
  try {
    await within(20_000, command, program.exited);
    return program.output();
  } finally {
    await program.destroy();
  }
}

t.test('the documented configuration starts as it stands, with a first key', async (t) => {
  const gateway = await startGateway({ config: DOCUMENTED });
  t.teardown(() => gateway.destroy());
  const [file] = await gateway.program.untilOutput(/\S+first-api-key\.txt/, 10_000);
  t.notMatch(await gateway.logs(), /mmcp_/, 'no key in what a service manager would log');
  t.equal(((await stat(file)).mode & 0o777).toString(8), '600', `only its owner reads ${file}`);
  const handedOver = await readFile(file, 'utf8');
  const [key = ''] = /mmcp_[\w-]+/.exec(handedOver) ?? [];
  const [, command = ''] = /^ *(curl (?:.*\\\n)*.*)$/m.exec(handedOver) ?? [];
  t.match(await shell(command), /"tools":\[\{/, 'the command beside it, pasted, lists tools');

  const client = await connectClient('sdk-2', gateway.endpoint('meerkats-table'), key);
  t.ok((await client.listTools()).length > 0, 'it opens the bundled server');
  await client.close();

  for (const [path, status] of [
    ['/livez', 200],
    ['/readyz', 200],
    ['/health', 200],
    ['/metrics', 200],
    ['/', 200],
    ['/nowhere', 404],
  ] as const) {
    const response = await fetch(`${gateway.url}${path}`);
    await response.arrayBuffer();
    t.equal(response.status, status, path);
  }
  t.strictSame(await gateway.stop(), { code: 0, signal: null });
});

t.test('a key made before a restart still works after it', async (t) => {
  const gateway = await startGateway({ config: DOCUMENTED });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  t.strictSame(await gateway.stop(), { code: 0, signal: null });
  const again = await startGateway({
    config: DOCUMENTED,
    port: gateway.port,
    env: { DATA_DIR: gateway.files.dataDir },
  });
  t.teardown(() => again.destroy());
  const client = await connectClient('sdk-1', again.endpoint('meerkats-table'), key);
  t.ok((await client.listTools()).length > 0);
  await client.close();
  t.notMatch(again.program.output(), /first-api-key/, 'and no second first key is made');
});

t.test('a wrong configuration is refused with all of its problems', async (t) => {
  const { code, output } = await failedStart({
    config: `{
  "global": {
    "prot": 8080,
    "queueMaxSize": "many",
    "cpuThreshold": 400
  },
  "servers": { "no/slash": {}, "nobody": {} }
}
`,
  });
  t.equal(code, 78, output);
  t.match(output, /server-production\.json:3:5/, 'file, line and column of the unknown key');
  t.match(output, /"?prot"?.*port/s, 'and the name that was meant');
  t.match(output, /queueMaxSize/);
  t.match(output, /cpuThreshold/);
  t.match(output, /no\/slash/);
  t.match(output, /nobody/, 'a server without a source that is not bundled');
});

t.test('a file that is no JSON is refused with the place where it breaks', async (t) => {
  const { code, output } = await failedStart({ config: '{\n  "global": {\n' });
  t.equal(code, 78, output);
  t.match(output, /server-production\.json:\d+:\d+/);
});

t.test('a short secret is refused with the command that makes a good one', async (t) => {
  const { code, output } = await failedStart({
    config: DOCUMENTED,
    env: { JWT_SECRET: 'too-short' },
  });
  t.equal(code, 78, output);
  t.match(output, /JWT_SECRET/);
  t.match(output, /openssl rand|randomBytes/);
  t.notMatch(output, /too-short/, 'and without repeating it');
});
