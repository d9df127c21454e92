import { userInfo } from 'node:os';
import t from 'tap';
import { currentActor } from '../../src/cli/actor.js';
import { cliFixture } from '../support/cli.js';

t.test('who changed what, newest first, with whoever ran the command', async (t) => {
  const { run } = cliFixture(t);
  const made = await run('keys', 'create', '--user', 'ana', '--json');
  const { id, key } = JSON.parse(made.out) as { id: string; key: string };
  await run('grants', 'set', 'ana', 'github', '--deny');
  await run('keys', 'revoke', id);
  const { code, out } = await run('audit', 'list');
  t.equal(code, 0);
  t.match(out, /keys\.revoke.*\n.*grants\.set +ana@github .*"effect":"deny".*\n.*keys\.create/);
  t.match(out, `(uid ${userInfo().uid}, pid ${process.pid}), no gateway`);
  t.notMatch(out, key.slice(18, 61));
  t.match(JSON.parse((await run('audit', 'list', '-n', '1', '--json')).out), [
    { action: 'keys.revoke', target: id, detail: {} },
  ]);
  t.match(await run('audit', 'list', '-n', '0'), { code: 64, err: /--lines/ });
});

t.test('a running gateway is told who asks', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  await run('audit', 'list', '-n', '7');
  t.match(asked, [['listAudit', { limit: 7 }]]);
  t.match(currentActor(), /^\S.* \(uid \d+, pid \d+\)/);
});
