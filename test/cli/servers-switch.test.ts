import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test('a server is put out of service and back', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  t.match(await run('servers', 'disable', 'mail'), { code: 0, out: 'mail is disabled\n' });
  t.match(await run('servers', 'enable', 'mail'), { code: 0, out: 'mail is enabled\n' });
  t.strictSame(asked, [
    ['switchServer', ['mail', false]],
    ['switchServer', ['mail', true]],
  ]);
  const { out } = await run('servers', 'disable', 'mail', '--json');
  t.strictSame(JSON.parse(out), { server: 'mail', enabled: false, changed: true });
});

t.test('what changes nothing says so', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({ switchServer: () => Promise.resolve(false) });
  t.match(await run('servers', 'enable', 'mail'), { code: 0, out: 'mail was enabled already\n' });
});
