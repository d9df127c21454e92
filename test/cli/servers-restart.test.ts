import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test('a server of an upstream host begins anew', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  t.match(await run('servers', 'restart', 'files'), { code: 0, out: /^files begins anew/ });
  t.strictSame(asked, [['restartServer', 'files']]);
  const { out } = await run('servers', 'restart', 'files', '--json');
  t.strictSame(JSON.parse(out), { server: 'files', restarted: true });
});

t.test('a server reached by HTTP has nothing to be restarted', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({ restartServer: () => Promise.resolve(false) });
  t.match(await run('servers', 'restart', 'github'), {
    code: 64,
    err: /github is reached by HTTP/,
  });
});
