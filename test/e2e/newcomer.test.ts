/**
 * What somebody meets who starts the gateway for the first time: the configuration file of the
 * documentation works as it stands, a first key is there, and a mistake is explained.
 */
import t from 'tap';
import { connectClient } from '../support/mcp-clients.js';
import { startProgram, type Exit } from '../support/child-program.js';
import { freePort } from '../support/free-port.js';
import {
  MAIN,
  gatewayEnvironment,
  gatewayFiles,
  startGateway,
  type GatewayOptions,
} from '../support/start-gateway.js';
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

/** A start that must fail: how it ended and what it said. */
async function failedStart(
  config: GatewayOptions['config'],
  env: Readonly<Record<string, string>> = {},
): Promise<Exit & { output: string }> {
  const files = await gatewayFiles(config);
  const program = startProgram({
    command: process.execPath,
    args: [MAIN],
    env: { ...gatewayEnvironment(files, await freePort()), ...env },
  });
  try {
    const exit = await within(30_000, 'the end of a start that must fail', program.exited);
    return { ...exit, output: program.output() };
  } finally {
    await program.destroy();
    await files.remove();
  }
}

t.test('the documented configuration starts as it stands, with a first key', async (t) => {
  const gateway = await startGateway({ config: DOCUMENTED });
  t.teardown(() => gateway.destroy());
  const printed = gateway.program.output();
  const [key = ''] = /mmcp_\w+/.exec(printed) ?? [];
  t.match(key, /^mmcp_/, 'an API key is shown');
  t.match(printed, /curl .*\/meerkats-table\/mcp/, 'with a line to paste');
  t.notMatch((await gateway.logs()).replace(printed, ''), key, 'which no log file repeats');

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
  t.notMatch(again.program.output(), /mmcp_/, 'and no second first key is made');
});

t.test('a wrong configuration is refused with all of its problems', async (t) => {
  const { code, output } = await failedStart(`{
  "global": {
    "prot": 8080,
    "queueMaxSize": "many",
    "cpuThreshold": 400
  },
  "servers": { "no/slash": {}, "nobody": {} }
}
`);
  t.equal(code, 78, output);
  t.match(output, /server-production\.json:3:5/, 'file, line and column of the unknown key');
  t.match(output, /"?prot"?.*port/s, 'and the name that was meant');
  t.match(output, /queueMaxSize/);
  t.match(output, /cpuThreshold/);
  t.match(output, /no\/slash/);
  t.match(output, /nobody/, 'a server without a source that is not bundled');
});

t.test('a file that is no JSON is refused with the place where it breaks', async (t) => {
  const { code, output } = await failedStart('{\n  "global": {\n');
  t.equal(code, 78, output);
  t.match(output, /server-production\.json:\d+:\d+/);
});

t.test('a short secret is refused with the command that makes a good one', async (t) => {
  const { code, output } = await failedStart(DOCUMENTED, { JWT_SECRET: 'too-short' });
  t.equal(code, 78, output);
  t.match(output, /JWT_SECRET/);
  t.match(output, /openssl rand|randomBytes/);
  t.notMatch(output, /too-short/, 'and without repeating it');
});
