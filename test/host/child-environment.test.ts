import t from 'tap';
import { childEnvironment } from '../../src/host/child-environment.js';

t.test(
  'a child gets what every program needs and what was declared, and no secret of ours',
  (t) => {
    const ours = {
      PATH: '/bin',
      HOME: '/home/x',
      LANG: 'C.UTF-8',
      TMPDIR: '/t',
      JWT_SECRET: 's',
      NODE_OPTIONS: '--x',
    };
    t.strictSame(childEnvironment(ours, { API_KEY: 'k', PATH: '/opt/bin' }), {
      PATH: '/opt/bin',
      HOME: '/home/x',
      LANG: 'C.UTF-8',
      TMPDIR: '/t',
      API_KEY: 'k',
    });
    t.end();
  },
);

t.test('a gateway without a PATH gives its children one all the same', (t) => {
  t.strictSame(childEnvironment({ HOME: '', LANG: undefined }, {}), {
    PATH: '/usr/local/bin:/usr/bin:/bin',
  });
  t.end();
});
