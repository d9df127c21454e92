import { readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { credentialsSet } from '../../src/cli/credentials.js';
import { cliFixture } from '../support/cli.js';

const fixture = (t: Test) => {
  const cli = cliFixture(t);
  const config = JSON.parse(readFileSync(cli.configPath, 'utf8')) as {
    servers: { github: object };
  };
  Object.assign(config.servers.github, { credential: { header: 'authorization' } });
  writeFileSync(cli.configPath, JSON.stringify(config));
  const set = async (text: string, user = 'ana', server = 'github') => {
    const said = { out: '', err: '' };
    const context = {
      out: (piece: string) => void (said.out += piece),
      err: (piece: string) => void (said.err += piece),
      configPath: cli.configPath,
      json: false,
    };
    await credentialsSet(context, server, { user }, Readable.from([text]));
    return said;
  };
  return { ...cli, set };
};

t.test('set, listed and removed without a gateway; the value is on no screen', async (t) => {
  const { run, set } = fixture(t);
  t.match(await set('s3cret\n'), { out: 'The credential of ana for github is set.\n', err: '' });
  const listed = await run('credentials', 'list');
  t.match(listed, { code: 0, out: /ana +github/ });
  t.notMatch(listed.out, 's3cret');
  t.match(await run('credentials', 'list', '--user', 'bob'), { out: /No credentials/ });
  t.match(await run('credentials', 'rotate'), { code: 0, out: /0 sealed anew, 1 were/ });
  t.match(await run('credentials', 'remove', 'github', '--user', 'ana'), { code: 0 });
  t.match(await run('credentials', 'remove', 'github', '--user', 'ana'), {
    code: 64,
    err: /ana has no credential for github/,
  });
});

t.test('there is no way to give the value but standard input', async (t) => {
  const { run, set } = fixture(t);
  t.equal((await run('credentials', 'set', 'github', 's3cret', '--user', 'ana')).code, 64);
  await t.rejects(set(''), /Nothing came on standard input/);
  await t.rejects(set('\n'), /Nothing came on standard input/);
  await t.rejects(set('x'.repeat(20_000)), /longer than/);
  await t.rejects(set('x', 'ana', 'old'), /takes no credential/);
});

t.test('a running gateway is asked, so that its workers hear of it', async (t) => {
  const { run, gateway, set } = fixture(t);
  const asked = await gateway();
  await set('s3cret');
  await run('credentials', 'remove', 'github', '--user', 'a&b');
  await run('credentials', 'rotate');
  t.match((await run('credentials', 'list', '--json')).out, /"isCurrentKey": true/);
  t.same(asked, [
    ['setCredential', { user: 'ana', server: 'github', value: 's3cret' }],
    ['removeCredential', { user: 'a&b', server: 'github' }],
    ['rotateCredentials'],
    ['listCredentials', {}],
  ]);
});
