import t from 'tap';
import { rangeOf, schemaAt, schemaRoot, settings } from '../../config/setting-list.js';

void t.test('a path leads to a setting, through chosen names and list elements', (t) => {
  t.match(schemaAt(['global', 'port']), { type: 'integer', default: 8080, env: 'PORT' });
  t.match(schemaAt(['servers', 'any-name', 'args', 3]), { type: 'string' });
  t.match(schemaAt(['servers', 'any-name', 'headers', 'X-Any']), { type: 'string' });
  t.match(schemaAt(['auth', 'jwt', 'keys', 0, 'algorithm']), { enum: ['RS256', 'ES256', 'EdDSA'] });
  t.equal(schemaAt([]), schemaRoot());
  t.end();
});

void t.test('a path that leads nowhere is null', (t) => {
  t.equal(schemaAt(['global', 'prot']), null);
  t.equal(schemaAt(['global', 'toString']), null);
  t.equal(schemaAt(['global', 'port', 'x', 'y']), null);
  t.equal(schemaAt(['global', 0]), null);
  t.end();
});

void t.test('every setting has a sentence', (t) => {
  for (const { path, node } of settings()) {
    t.match(node.description, /^[^]{8,}\.$/, path.join('.'));
  }
  t.ok(settings().length > 80);
  t.end();
});

void t.test('every number has a range', (t) => {
  for (const { path, node } of settings()) {
    if (node.type !== 'integer' && node.type !== 'number') continue;
    t.not(rangeOf(node), null, path.join('.'));
  }
  t.end();
});

void t.test('a range comes with its unit, a ratio without', (t) => {
  t.equal(rangeOf({ minimum: 1, maximum: 5, unit: 'ms' }), '1 to 5 ms');
  t.equal(rangeOf({ minimum: 0, maximum: 1, unit: 'ratio' }), '0 to 1');
  t.equal(rangeOf({ minimum: 1, maximum: 2 }), '1 to 2');
  t.equal(rangeOf({ minimum: 1 }), null);
  t.end();
});

void t.test('each environment variable sets exactly one setting', (t) => {
  const variables = settings().flatMap(({ node }) => node.env ?? []);
  t.strictSame(variables.toSorted(), [
    'DATA_DIR',
    'HOST',
    'LOG_DIR',
    'LOG_LEVEL',
    'MONGODB_URI',
    'PORT',
    'UV_THREADPOOL_SIZE',
  ]);
  t.end();
});
