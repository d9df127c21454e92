import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { cliFixture } from '../support/cli.js';

t.test('an added server is taken away', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  t.match(await run('servers', 'remove', 'notes'), { code: 0, out: 'notes is removed\n' });
  t.strictSame(asked, [['removeServer', 'notes']]);
  const { out } = await run('servers', 'remove', 'notes', '--json');
  t.strictSame(JSON.parse(out), { server: 'notes', removed: true });
});

t.test('a refusal is told in the gateway’s words', async (t) => {
  const { run, gateway } = cliFixture(t);
  const hint = 'mail stands in config.json: remove it there.';
  await gateway({
    removeServer: () => Promise.reject(new GatewayError('GW_BAD_REQUEST', { hint })),
  });
  t.match(await run('servers', 'remove', 'mail'), { code: 64, err: /remove it there/ });
});
