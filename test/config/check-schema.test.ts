import fc from 'fast-check';
import t from 'tap';
import { checkSchema } from '../../config/check-schema.js';

const paths = (value: unknown) => checkSchema(value).findings.map(({ path }) => path.join('.'));

void t.test('a sound document has no findings and all defaults', (t) => {
  const { file, findings } = checkSchema({ global: { port: 81 } });
  t.strictSame(findings, []);
  t.equal(file.global.port, 81);
  t.equal(file.global.host, '127.0.0.1');
  t.strictSame(file.servers, {});
  t.end();
});

void t.test('all findings come at once, and only the wrong settings fall back', (t) => {
  const value = {
    globl: {},
    global: { port: 0, queueMaxSize: 5, prot: 1 },
    servers: { a: { url: 'x' }, b: { url: 'http://b/mcp', era: 'old' } },
  };
  const { file, findings } = checkSchema(value);
  t.strictSame(findings.map(({ path }) => path.join('.')).sort(), [
    'global.port',
    'global.prot',
    'globl',
    'servers.a.url',
    'servers.b.era',
  ]);
  t.equal(file.global.port, 8080);
  t.equal(file.global.queueMaxSize, 5);
  t.equal(file.servers['a']?.url, undefined);
  t.equal(file.servers['b']?.url, 'http://b/mcp');
  t.equal(file.servers['b']?.era, 'auto');
  t.end();
});

void t.test('a list with a wrong element falls back as a whole', (t) => {
  const { file, findings } = checkSchema({ global: { trustProxy: ['127.0.0.1', 'x', 'y'] } });
  t.equal(findings.length, 2);
  t.strictSame(file.global.trustProxy, []);
  t.end();
});

void t.test('a group that lacks a required setting is left out, with no second finding', (t) => {
  const value = {
    alerting: { webhook: { url: 5, timeout: 200 } },
    servers: { a: { rateLimit: {} } },
  };
  t.strictSame(paths(value).sort(), [
    'alerting.webhook.url',
    'servers.a.rateLimit.burstSize',
    'servers.a.rateLimit.requestsPerMinute',
  ]);
  t.equal(checkSchema(value).file.alerting.webhook, undefined);
  t.equal(checkSchema(value).file.servers['a']?.rateLimit, undefined);
  t.end();
});

void t.test('a document of the wrong kind still yields a usable file', (t) => {
  for (const value of [[], 'text', 5, null, undefined]) {
    const { file, findings } = checkSchema(value);
    t.equal(findings.length, 1);
    t.equal(file.global.port, 8080);
  }
  t.end();
});

void t.test('the checked document is not changed', (t) => {
  const value = { global: { port: 0 } };
  checkSchema(value);
  t.strictSame(value, { global: { port: 0 } });
  t.end();
});

void t.test('whatever the values are, there is a file with every group', (t) => {
  const key = fc.constantFrom('global', 'http', 'auth', 'servers', 'mcpServers', 'alerting', 'x');
  const inner = fc.dictionary(
    fc.constantFrom('port', 'jwt', 'webhook', 'trustProxy', 'a', 'url'),
    fc.anything({ maxDepth: 3 }),
  );
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(fc.dictionary(key, inner), (value) => {
        const { file } = checkSchema(JSON.parse(JSON.stringify(value)));
        return file.global.maxTotalConnections === 500 && Array.isArray(file.auth.jwt.keys);
      }),
    );
  });
  t.end();
});
