import t from 'tap';
import { cliFixture } from '../support/cli.js';

t.test('limits change one by one, the others stay', async (t) => {
  const { run } = cliFixture(t);
  const made = await run('keys', 'create', '--user', 'ana', '--rate', '5', '--json');
  const { id, key } = JSON.parse(made.out) as { id: string; key: string };
  const said = await run('keys', 'update', key, '--concurrency', '2', '--deny-tools', 'drop_*');
  t.equal(said.code, 0, said.err);
  t.equal(said.out, `Key ${id} of ana: every server, 5/s, 2 at once, not drop_*, never expires.\n`);
  const update = async (...argv: string[]) =>
    JSON.parse((await run('keys', 'update', id, ...argv, '--json')).out) as object;
  t.match(await update('--rate', 'none', '--tools', 'get_*'), {
    limits: { requestsPerSecond: null, maxConcurrentRequests: 2 },
    tools: { allow: ['get_*'], deny: ['drop_*'] },
  });
  t.match(await update('--concurrency', 'none'), { limits: null });
  t.match(await update('--tools', 'all', '--deny-tools', 'none'), { tools: null });
  t.match(await update('--servers', 'github', '--expires', '1h', '--label', 'new'), {
    servers: ['github'],
    expiresAt: /^20/,
    label: 'new',
  });
  t.match(await update('--servers', 'all', '--expires', 'never'), {
    servers: null,
    expiresAt: null,
    label: 'new',
  });
});

t.test('a running gateway makes the change, so that its workers hear of it', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  const { code } = await run('keys', 'update', 'abcdefghijkm', '--rate', '7');
  t.equal(code, 0);
  const limits = { requestsPerSecond: 7, maxConcurrentRequests: null };
  t.same(asked.at(-1), ['updateKey', ['abcdefghijkm', { limits }]]);
});

t.test('no such key, nothing to change and nonsense are 64', async (t) => {
  const { run } = cliFixture(t);
  const made = await run('keys', 'create', '--user', 'ana', '--json');
  const { id } = JSON.parse(made.out) as { id: string };
  for (const [argv, message] of [
    [['zzzzzzzzzzzz', '--rate', '5'], /no active key zzzzzzzzzzzz/],
    [[id], /nothing to change/],
    [[id, '--rate', '-1'], /--rate must be/],
    [[id, '--expires', 'soon'], /--expires must be/],
  ] as const) {
    t.match(await run('keys', 'update', ...argv), { code: 64, err: message, out: '' });
  }
});
