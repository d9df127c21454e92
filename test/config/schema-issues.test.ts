import t from 'tap';
import { checkSchema } from '../../config/check-schema.js';
import type { Finding } from '../../config/schema-issues.js';
import { findingsOf } from '../../config/schema-issues.js';

function only(value: unknown): Finding {
  const { findings } = checkSchema(value);
  t.equal(findings.length, 1, JSON.stringify(value));
  return findings[0] ?? { path: [], what: { message: '' }, meant: null };
}

const cases: [unknown, string, string | null][] = [
  [{ global: { port: 0 } }, 'must be a whole number from 1 to 65535, is 0', null],
  [{ global: { port: 80.5 } }, 'must be a whole number from 1 to 65535, is 80.5', null],
  [
    { global: { port: '80' } },
    'must be a whole number from 1 to 65535, is text',
    'write it without quotes: 80',
  ],
  [{ global: { port: 'x' } }, 'must be a whole number from 1 to 65535, is text', null],
  [{ global: { port: null } }, 'must be a whole number from 1 to 65535, is null', null],
  [
    { global: { queueTimeout: 1e9 } },
    'must be a whole number from 1 to 86400000 ms, is 1000000000',
    null,
  ],
  [{ global: { cpuThreshold: 0 } }, 'must be a number from 1 to 100 %, is 0', null],
  [{ global: { adaptiveThreshold: 80 } }, 'must be a number from 0.1 to 1, is 80', null],
  [{ global: { enableAdaptiveRateLimit: 1 } }, 'must be true or false, is 1', null],
  [
    { auth: { required: 'true' } },
    'must be true or false, is text',
    'write it without quotes: true',
  ],
  [{ global: { host: 5 } }, 'must be text in quotes, is 5', null],
  [{ global: { host: '' } }, 'must not be empty', null],
  [{ global: { trustProxy: '10.0.0.1' } }, 'must be a list [ … ], is text', null],
  [
    { global: { trustProxy: ['10.0.0.0/33'] } },
    'must be an IP address or a range such as 10.0.0.0/8',
    null,
  ],
  [{ global: [] }, 'must be an object { … }, is a list', null],
  [{ servers: { a: { rateLimit: 5 } } }, 'must be an object { … }, is 5', null],
  [{ global: { port: {} } }, 'must be a whole number from 1 to 65535, is an object', null],
  [
    { global: { front: 'UWS' } },
    'must be one of "auto", "uws", "node", is "UWS"',
    'did you mean "uws"?',
  ],
  [{ global: { front: 'x' } }, 'must be one of "auto", "uws", "node", is "x"', null],
  [{ global: { front: 7 } }, 'must be one of "auto", "uws", "node", is 7', null],
  [
    { global: { publicUrl: 'example.com' } },
    'must be a URL that begins with http:// or https://',
    null,
  ],
  [{ store: { mongodbUri: 'postgres://x' } }, 'must start with mongodb:// or mongodb+srv://', null],
  [{ alerting: { webhook: {} } }, 'is missing; it must be text in quotes', null],
  [{ servers: { a: { headers: { 'X Y': '' } } } }, 'is not a header name', null],
  [
    { servers: { a: { headers: { X: 'a\nb' } } } },
    'has characters that no header value may have',
    null,
  ],
  ...['Content-Length', 'transfer-encoding', 'Connection', 'Keep-Alive', 'Upgrade', 'Expect'].map(
    (name): [unknown, string, null] => [
      { servers: { a: { headers: { [name]: '5' } } } },
      'is set by the gateway for each request; leave it out',
      null,
    ],
  ),
  [
    { mcpServers: { a: { headers: { 'Mcp-Session-Id': 'x' } } } },
    'is set by the gateway for each request; leave it out',
    null,
  ],
  [
    { servers: { a: { credential: { header: 'Content-Length' } } } },
    'is set by the gateway for each request; choose another header',
    null,
  ],
  [{ servers: { a: { credential: { header: 'X Y' } } } }, 'is not a header name', null],
  [
    { servers: { a: { url: 'https://u:hunter2@a.example.com/mcp' } } },
    'has a user name or password, which are not sent; write them as "headers": {"Authorization": "Basic ${NAME}"}',
    null,
  ],
  [
    { mcpServers: { a: { serverUrl: 'https://a.example.com/mcp#part' } } },
    'has a fragment (#…), which is never sent; leave it out',
    null,
  ],
  [{ servers: { a: { args: [1] } } }, 'must be text in quotes, is 1', null],
];

void t.test('a wrong value says what is wanted, its range and unit, and what it is', (t) => {
  for (const [value, message, hint] of cases) {
    const { what } = only(value);
    t.equal(what.message, message);
    t.equal(what.hint ?? null, hint);
  }
  t.end();
});

void t.test('an unknown key gets the nearest name, and is noted as meant to be it', (t) => {
  const { path, what, meant } = only({ global: { maxTotalConections: 5 } });
  t.strictSame(path, ['global', 'maxTotalConections']);
  t.strictSame(what, {
    at: 'key',
    message: 'is not a setting',
    hint: 'did you mean "maxTotalConnections"?',
  });
  t.strictSame(meant, ['global', 'maxTotalConnections']);
  t.end();
});

void t.test('an unknown key gets the best advice there is', (t) => {
  const hints: [unknown, string][] = [
    [{ servers: { a: { disabled: true } } }, 'did you mean "enabled"?'],
    [{ servers: { a: { type: 'http' } } }, 'did you mean "transport"?'],
    [
      { servers: { a: { requestTimeout: 5 } } },
      'did you mean servers.a.connectionPool.requestTimeout?',
    ],
    [{ servers: { a: { timeout: 5 } } }, 'did you mean servers.a.connectionPool.requestTimeout?'],
    [{ global: { maxBodyBytes: 5 } }, 'did you mean http.maxBodyBytes?'],
    [
      { auth: { jwtSecret: 'x' } },
      'secrets come from the environment: JWT_SECRET, MULTI_MCP_MASTER_KEY, or the same with _FILE',
    ],
    [
      { store: { zebra: 1 } },
      'known here: mongodbUri, mongodbMaxPoolSize, onUnavailable, snapshotMaxAge',
    ],
    [
      { zebra: 1 },
      'known at the top: $schema, global, http, auth, logging, alerting, store, machines, servers, mcpServers',
    ],
    [
      { auth: { toString: 1 } },
      'known here: required, negativeCacheTtl, failedCredentialsPerSecond, authorizationServers, jwt',
    ],
  ];
  for (const [value, hint] of hints) t.equal(only(value).what.hint, hint);
  t.equal(only({ store: { zebra: 1 } }).meant, null);
  t.end();
});

void t.test('each unknown key of an object is a finding of its own', (t) => {
  const { findings } = checkSchema({ store: { a: 1, b: 2 } });
  t.strictSame(
    findings.map(({ path }) => path),
    [
      ['store', 'a'],
      ['store', 'b'],
    ],
  );
  t.end();
});

void t.test('a text is never quoted, as it may be a secret', (t) => {
  const { what } = only({ store: { mongodbUri: 'hunter2' }, servers: {} });
  t.notMatch(JSON.stringify(what), /hunter2/);
  t.end();
});

void t.test('an issue without a place in the schema is still said', (t) => {
  const [found] = findingsOf(
    {
      code: 'invalid_key',
      origin: 'record',
      path: ['a', Symbol('b')],
      message: 'bad',
      issues: [],
      input: 1,
    },
    {},
  );
  t.match(found, { path: ['a', 'Symbol(b)'], what: { message: 'bad' } });
  const [typed] = findingsOf(
    { code: 'invalid_type', expected: 'string', path: ['nowhere'], message: 'bad', input: 1 },
    { nowhere: 1 },
  );
  t.match(typed, { what: { message: 'must be an object { … }, is 1' } });
  t.end();
});
