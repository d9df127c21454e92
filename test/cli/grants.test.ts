import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test('grants are set whole, listed and removed without a gateway', async (t) => {
  const { run } = cliFixture(t);
  await run('keys', 'create', '--user', 'ana');
  t.match(await run('grants', 'list'), { code: 0, out: /No grants/ });
  const set = await run('grants', 'set', 'ana', 'github', '--rate', '5', '--tools', 'get_*');
  t.match(set, { code: 0, out: 'ana on github: allowed, 5/s, tools get_*.\n', err: '' });
  t.equal((await run('grants', 'set', 'ben', '*', '--deny')).out, 'ben on *: refused.\n');
  t.equal((await run('grants', 'set', 'ana', 'github')).out, 'ana on github: allowed.\n');
  const listed = await run('grants', 'list');
  t.match(listed.out, /^USER {2,}SERVER {2,}GRANT.*\nana +github +allowed .*\nben +\* +refused /);
  t.match(JSON.parse((await run('grants', 'list', '--user', 'ben', '--json')).out), [
    { user: 'ben', server: '*', effect: 'deny', tools: null, limits: null },
  ]);
  t.match(await run('grants', 'remove', 'ben', '*'), { code: 0, out: /removed/ });
  t.match(await run('grants', 'remove', 'ben', '*'), { code: 64, err: /has no grant/ });
});

t.test('a running gateway is asked, so that its workers hear of it', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  t.match(await run('grants', 'set', 'ana', 'github', '--deny', '--json'), { code: 0 });
  t.match(await run('grants', 'remove', 'a/b', 'github'), { code: 0 });
  await run('grants', 'list');
  t.match(asked, [
    ['setGrant', { user: 'ana', effect: 'deny', tools: null, limits: null }],
    ['removeGrant', ['a/b', 'github']],
    ['listGrants', { user: undefined, after: undefined }],
  ]);
});

t.test('unknown servers are warned of, nonsense is 64', async (t) => {
  const { run } = cliFixture(t);
  t.match(await run('grants', 'set', 'ana', 'githb'), { code: 0, err: /not configured/ });
  for (const [argv, message] of [
    [['ana', 'a/b'], /no usable server name/],
    [['', 'github'], /user must/],
    [['ana', 'github', '--rate', 'x'], /--rate must/],
    [['ana'], /missing required argument/],
  ] as const) {
    t.match(await run('grants', 'set', ...argv), { code: 64, err: message });
  }
});
