import t from 'tap';
import { checkSchema } from '../../config/check-schema.js';
import { crossCheck } from '../../config/cross-checks.js';

function check(value: unknown, unsound: readonly string[] = []): string[] {
  const { file, findings } = checkSchema(value);
  t.strictSame(findings, [], 'each setting alone is sound');
  return crossCheck(file, (path) => !unsound.includes(path.join('.'))).map(
    ({ level, path, what }) => `${level} ${path.join('.')} ${what.message}`,
  );
}

const KEYS = { keys: [{ algorithm: 'ES256', publicKey: 'x' }] };

void t.test('the defaults hold together', (t) => {
  t.strictSame(check({}), []);
  t.end();
});

void t.test('settings that cannot hold together are problems', (t) => {
  const cases: [object, RegExp][] = [
    [
      { global: { queueMaxPerUser: 11, queueMaxSize: 10 } },
      /global.queueMaxPerUser must not exceed queueMaxSize, and 11 is more than 10/,
    ],
    [
      { http: { maxStreamsPerUser: 3, maxStreams: 2 } },
      /http.maxStreamsPerUser must not exceed maxStreams/,
    ],
    [{ global: { publicUrl: 'https://a/?x' } }, /global.publicUrl must not have a query/],
    [{ global: { publicUrl: 'https://a/#x' } }, /global.publicUrl must not have a query/],
    [
      { auth: { authorizationServers: ['https://a'] } },
      /auth.authorizationServers needs global.publicUrl/,
    ],
    [{ auth: { jwt: KEYS } }, /auth.jwt needs "issuer", and "audience" or/],
    [
      { auth: { jwt: { jwksUrls: ['https://a'], issuer: 'i' } } },
      /auth.jwt needs "issuer", and "audience" or/,
    ],
    [
      { auth: { jwt: { jwksUrls: ['http://a/'], issuer: 'i', audience: 'a' } } },
      /auth.jwt.jwksUrls must be https/,
    ],
  ];
  for (const [value, expected] of cases) {
    const found = check(value);
    t.equal(found.length, 1, JSON.stringify(value));
    t.match(found[0], expected);
    t.match(found[0], /^problem /);
  }
  t.end();
});

void t.test('the same settings just within are fine', (t) => {
  for (const value of [
    { global: { queueMaxPerUser: 10, queueMaxSize: 10 } },
    { http: { maxStreamsPerUser: 2, maxStreams: 2 } },
    { global: { publicUrl: 'https://a/base' }, auth: { authorizationServers: ['https://a'] } },
    { auth: { jwt: { ...KEYS, issuer: 'i', audience: 'a' } } },
    { auth: { jwt: { jwksUrls: ['http://127.0.0.1:1/'], issuer: 'i', audience: 'a' } } },
    { auth: { required: false } },
    { global: { host: '0.0.0.0' } },
    { global: { enableAdaptiveRateLimit: true, perServerLimit: 5 } },
  ]) {
    t.strictSame(check(value), [], JSON.stringify(value));
  }
  t.end();
});

void t.test('settings that hold otherwise than one would think are warnings', (t) => {
  const cases: [object, RegExp][] = [
    [
      { global: { host: '0.0.0.0' }, auth: { required: false } },
      /auth.required is false, and 0.0.0.0 is reachable/,
    ],
    [
      { global: { maxConnectionsPerServer: 501 } },
      /maxConnectionsPerServer is 501, and maxTotalConnections ends at 500/,
    ],
    [{ global: { maxConcurrentRequestsPerUser: 501 } }, /maxConcurrentRequestsPerUser is 501/],
    [{ global: { enableAdaptiveRateLimit: true } }, /enableAdaptiveRateLimit has no effect/],
  ];
  for (const [value, expected] of cases) {
    const found = check(value);
    t.equal(found.length, 1, JSON.stringify(value));
    t.match(found[0], expected);
    t.match(found[0], /^warning /);
  }
  t.end();
});

void t.test("a server's own rate limit is one that can adapt", (t) => {
  const rateLimit = { requestsPerMinute: 1, burstSize: 1 };
  const global = { enableAdaptiveRateLimit: true };
  t.strictSame(check({ global, servers: { a: { rateLimit } } }), []);
  t.strictSame(check({ global, mcpServers: { a: { rateLimit } } }), []);
  t.match(check({ global, servers: { a: {} } }), [/has no effect/]);
  t.end();
});

void t.test('a rule is not asked when one of its settings is wrong in itself', (t) => {
  const value = { global: { queueMaxPerUser: 11, queueMaxSize: 10 } };
  t.strictSame(check(value, ['global.queueMaxSize']), []);
  t.equal(check(value, ['global.port']).length, 1);
  t.end();
});
