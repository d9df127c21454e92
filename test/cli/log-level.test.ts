import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test('the level is shown, changed for a while, and set back', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  t.match(await run('log-level'), { code: 0, out: 'info\n' });
  t.match(await run('log-level', 'debug', '--for', '10m'), {
    code: 0,
    out: 'debug (configured: info)\n',
  });
  await run('log-level', 'reset');
  t.same(asked, [
    ['logLevel'],
    ['setLogLevel', { level: 'debug', forSeconds: 600 }],
    ['setLogLevel', { level: null, forSeconds: null }],
  ]);
  t.match(JSON.parse((await run('log-level', '--json')).out), { configured: 'info' });
});

t.test('a level that is none is 64, a time beyond a day is refused by the gateway', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway();
  t.match(await run('log-level', 'loud'), { code: 64, err: /trace, debug, info/ });
  t.match(await run('log-level', 'debug', '--for', '2d'), { err: /forSeconds/ });
});
