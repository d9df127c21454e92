import t from 'tap';
import {
  compareConfigs,
  describeChange,
  isEffective,
  keepUntilRestart,
} from '../../config/config-change.js';
import type { Config } from '../../config/config.js';
import { checkSchema } from '../../config/check-schema.js';
import { readJsonc } from '../../config/jsonc.js';
import { Findings } from '../../config/findings.js';
import { toConfig } from '../../config/to-config.js';
import { toServers } from '../../config/to-servers.js';

function configOf(value: Readonly<Record<string, unknown>>): Config {
  const { file } = checkSchema(value);
  const findings = new Findings(readJsonc(JSON.stringify(value), 'x.json'));
  return toConfig(file, {
    configPath: null,
    cwd: '/srv',
    servers: toServers(file, '/srv', findings),
    publicKeys: [],
    secrets: { jwtSecret: null, jwtSecretPrevious: null, masterKey: null, masterKeyPrevious: null },
    tracing: null,
  });
}

const from = configOf({
  servers: {
    files: { command: 'files', args: ['a'] },
    github: { url: 'https://example.com/mcp' },
    off: { enabled: false, url: 'https://off.example.com/mcp' },
  },
});
const to = (file: Readonly<Record<string, unknown>>): Config => configOf(file);
const servers = {
  files: { command: 'files', args: ['a'] },
  github: { url: 'https://example.com/mcp' },
  off: { enabled: false, url: 'https://off.example.com/mcp' },
};

t.test('the same configuration is no change', (t) => {
  const change = compareConfigs(from, to({ servers }));
  t.notOk(isEffective(change));
  t.equal(describeChange(change), '+0 servers, ~0, -0');
  t.end();
});

t.test('servers come, go, are switched, begin anew or get other limits', (t) => {
  const change = compareConfigs(
    from,
    to({
      servers: {
        files: { command: 'files', args: ['b'] },
        off: { url: 'https://off.example.com/mcp' },
        more: { url: 'https://more.example.com/mcp' },
      },
    }),
  );
  t.strictSame(change.servers, {
    added: ['more', 'off'],
    removed: ['github'],
    restarted: ['files'],
    adjusted: [],
  });
  t.equal(describeChange(change), '+2 servers (more, off), ~1 (files), -1 (github)');
  t.end();
});

t.test('limits of a server, and defaults it takes from elsewhere, leave it running', (t) => {
  const adjusted = (file: Readonly<Record<string, unknown>>) =>
    compareConfigs(from, to({ servers, ...file })).servers;
  const limited = {
    files: { ...servers.files, maxProcesses: 3, tools: { deny: ['x'] } },
    github: {
      ...servers.github,
      rateLimit: { requestsPerMinute: 6, burstSize: 2 },
      connectionPool: { requestTimeout: 500 },
    },
  };
  t.match(adjusted({ servers: { ...servers, ...limited } }), {
    adjusted: ['files', 'github'],
    restarted: [],
  });
  t.match(adjusted({ global: { idleTimeout: 5000 } }), { adjusted: ['files'], restarted: [] });
  t.end();
});

t.test('settings are told by what they take, under the names in the file', (t) => {
  const change = compareConfigs(
    from,
    to({
      servers,
      global: { port: 9999, perUserLimit: 5, maxTotalConnections: 7 },
      http: { bodyTimeout: 1000 },
    }),
  );
  t.strictSame(change.settings, {
    live: ['global.maxTotalConnections', 'global.perUserLimit'],
    workers: ['http.bodyTimeout'],
    restart: ['global.port'],
  });
  t.ok(isEffective(change));
  t.match(
    describeChange(change),
    /; workers are replaced for: http\.bodyTimeout; a restart is needed for: global\.port$/,
  );
  t.end();
});

t.test('what needs a restart keeps its value, and alone it changes nothing', (t) => {
  const wanted = to({ servers, global: { port: 9999, upstreamHosts: 3, queueTimeout: 77 } });
  const kept = keepUntilRestart(from, wanted);
  t.match(kept, { port: 8080, upstreamHosts: 1, limits: { queueTimeoutMs: 77 } });
  t.notOk(isEffective(compareConfigs(from, to({ servers, global: { port: 9999 } }))));
  t.end();
});
