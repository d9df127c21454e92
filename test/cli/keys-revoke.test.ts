import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test('a key ends by its id, once', async (t) => {
  const { run } = cliFixture(t);
  const { id } = JSON.parse((await run('keys', 'create', '--user', 'ana', '--json')).out) as {
    id: string;
  };
  t.match(await run('keys', 'revoke', id), { code: 0, out: `Key ${id} is revoked.\n` });
  t.match(await run('keys', 'revoke', id), { code: 64, err: /no active key/ });
  t.match((await run('keys', 'list', '--all')).out, /revoked/);
});

t.test('the whole key does as well, and is not repeated on the screen', async (t) => {
  const { run } = cliFixture(t);
  const { id, key } = JSON.parse((await run('keys', 'create', '--user', 'ana', '--json')).out) as {
    id: string;
    key: string;
  };
  const { out } = await run('keys', 'revoke', key, '--json');
  t.same(JSON.parse(out), { id, revoked: true });
});

t.test('a running gateway is told, whose workers must forget the key', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  t.equal((await run('keys', 'revoke', 'abc/../d')).code, 0);
  t.same(asked, [['revokeKey', 'abc/../d']]);
});
