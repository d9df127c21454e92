import t from 'tap';
import { loopbackUrl } from '../../src/cli/settings.js';

t.test('a wildcard address is reached on loopback, others as they are', (t) => {
  t.equal(loopbackUrl({ host: '0.0.0.0', port: 1 }), 'http://127.0.0.1:1');
  t.equal(loopbackUrl({ host: '::', port: 1 }), 'http://[::1]:1');
  t.equal(loopbackUrl({ host: '10.0.0.5', port: 1 }), 'http://10.0.0.5:1');
  t.equal(loopbackUrl({ host: 'localhost', port: 1 }), 'http://localhost:1');
  t.end();
});
