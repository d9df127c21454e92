import { join } from 'node:path';
import t from 'tap';
import { staticRoutes } from '../../../src/http/dashboard/static-files.js';
import { FakeExchange } from '../../support/fake-exchange.js';

t.test('files are served from memory by their exact path, with type, tag and policy', async (t) => {
  const directory = t.testdir({
    'index.html': '<p>hello</p>',
    'app.js': 'run()',
    'secret.env': 'KEY=1',
    vendor: { 'lib.css': 'a{}' },
  });
  const routes = staticRoutes(directory, '/d');
  t.strictSame([...routes.keys()].sort(), ['/d', '/d/app.js', '/d/vendor/lib.css']);
  const first = new FakeExchange();
  await routes.get('/d')?.(first);
  t.match(first, { status: 200, text: '<p>hello</p>' });
  t.match(first.replyHeaders, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': /^default-src 'self'/,
    'x-content-type-options': 'nosniff',
  });
  for (const known of [first.replyHeaders['etag'] ?? '', `"x", W/${first.replyHeaders['etag']}`]) {
    const again = new FakeExchange({ headers: { 'if-none-match': known } });
    await routes.get('/d')?.(again);
    t.match(again, { status: 304, text: '' }, known);
  }
});

t.test('without a built page there are no routes', async (t) => {
  t.equal(staticRoutes(join(t.testdir({}), 'none'), '/d').size, 0);
});
