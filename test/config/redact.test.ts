import t from 'tap';
import { REDACTED, redactConfig } from '../../config/redact.js';
import { inspectText } from './inspect-text.js';

const SECRET = 'S3cr3t-S3cr3t-S3cr3t-S3cr3t-S3cr3t';

void t.test('nothing that can be a credential is left, wherever it stands', (t) => {
  const { config, problems } = inspectText(
    t,
    {
      alerting: {
        webhook: { url: `https://hooks.example.com/T0/${SECRET}`, headers: { K: SECRET } },
      },
      store: { mongodbUri: `mongodb://user:${SECRET}@db1:1,db2:2/x` },
      servers: {
        a: {
          url: `https://a.example.com/mcp?key=${SECRET}`,
          headers: { K: SECRET },
        },
        b: { command: 'x', env: { KEY: SECRET } },
        c: { module: 'c.js' },
        'meerkats-table': {},
      },
    },
    { JWT_SECRET: SECRET, JWT_SECRET_PREVIOUS: SECRET, MULTI_MCP_MASTER_KEY: SECRET },
  );
  t.strictSame(problems, []);
  const shown = redactConfig(config);
  t.notMatch(JSON.stringify(shown), SECRET);
  t.match(shown, {
    port: config.port,
    secrets: { jwtSecret: REDACTED, jwtSecretPrevious: REDACTED, masterKey: REDACTED },
    store: { mongodbUri: `mongodb://${REDACTED}@db1:1,db2:2/x` },
    monitoring: {
      webhook: { url: `https://hooks.example.com/${REDACTED}`, headers: { K: REDACTED } },
    },
    servers: {
      a: {
        source: {
          url: `https://a.example.com/mcp?${REDACTED}`,
          headers: { K: REDACTED },
        },
      },
      b: { source: { command: 'x', env: { KEY: REDACTED } } },
      c: config.servers['c'],
      'meerkats-table': config.servers['meerkats-table'],
    },
  });
  t.end();
});

void t.test('what is not set stays recognisable as not set', (t) => {
  const { config } = inspectText(t, {});
  t.strictSame(redactConfig(config), config);
  t.end();
});
