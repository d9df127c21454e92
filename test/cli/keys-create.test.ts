import t from 'tap';
import { apiKeyId } from '../../src/gateway/api-key.js';
import { cliFixture } from '../support/cli.js';

const KEY = /mmcp_[a-z2-9]{12}_[\w-]{43}_[\w-]{6}/;

t.test('without a gateway the key is made in the store and shown with snippets', async (t) => {
  const { run } = cliFixture(t);
  const { code, out, err } = await run(
    'keys',
    'create',
    '--user',
    'ana',
    '--expires',
    '90d',
    '--label',
    'laptop',
  );
  t.equal(code, 0);
  t.equal(err, '');
  t.match(out, KEY);
  t.match(out, /user ana, every server, expires 20\d\d-/);
  t.match(out, 'Limits of ana, over all keys without their own: 10 at once.');
  for (const client of ['Claude Code', 'Cursor', 'VS Code', 'Codex', 'curl']) t.match(out, client);
  t.match(out, 'http://127.0.0.1:8099/github/mcp');
  t.notMatch(out, /old\/mcp/, 'a server that is switched off');
  const listed = await run('keys', 'list', '--json');
  t.match(JSON.parse(listed.out), [{ user: 'ana', label: 'laptop', servers: null }]);
  t.notMatch(listed.out, (KEY.exec(out)?.[0] ?? '').slice(18, 61));
});

t.test('--json is the key and nothing else', async (t) => {
  const { run } = cliFixture(t, { publicUrl: 'https://mcp.example.com/' });
  const { out } = await run(
    '--json',
    'keys',
    'create',
    '--user',
    'ana',
    '--servers',
    'github, meerkats-table',
    '--admin',
  );
  const created = JSON.parse(out) as { id: string; key: string };
  t.equal(apiKeyId(created.key), created.id);
  t.match(created, {
    user: 'ana',
    servers: ['github', 'meerkats-table'],
    isAdmin: true,
    expiresAt: null,
    url: 'https://mcp.example.com',
  });
});

t.test('a running gateway makes the key itself', async (t) => {
  const { run, gateway } = cliFixture(t);
  const asked = await gateway();
  const { code, out } = await run(
    'keys',
    'create',
    '--user',
    'ana',
    '--servers',
    'github',
    '--expires',
    '1h',
  );
  t.equal(code, 0);
  t.match(out, 'mmcp_whole');
  t.match(out, 'http://127.0.0.1:8080/github/mcp', 'where it serves, not where the file says');
  t.same(asked, [
    [
      'createKey',
      {
        user: 'ana',
        servers: ['github'],
        tools: null,
        limits: null,
        isAdmin: false,
        label: '',
        expiresInSeconds: 3600,
      },
    ],
    ['status'],
  ]);
});

t.test('tools and limits of its own are said and kept', async (t) => {
  const { run } = cliFixture(t);
  const access = [
    '--rate',
    '5',
    '--concurrency',
    '2',
    '--tools',
    'get_*, list',
    '--deny-tools',
    'x',
  ];
  const { out } = await run('keys', 'create', '--user', 'ana', ...access);
  t.match(out, /user ana, every server, 5\/s, 2 at once, tools get_\*,list, not x, never expires/);
  t.notMatch(out, 'Limits of ana', 'the key has its own');
  t.match(JSON.parse((await run('keys', 'list', '--json')).out), [
    {
      tools: { allow: ['get_*', 'list'], deny: ['x'] },
      limits: { requestsPerSecond: 5, maxConcurrentRequests: 2 },
      lastUsedAt: null,
      useCount: 0,
    },
  ]);
});

t.test('an unknown server is warned of, on standard error', async (t) => {
  const { run } = cliFixture(t);
  const { code, out, err } = await run(
    'keys',
    'create',
    '--user',
    'ana',
    '--servers',
    'githb,old',
    '--json',
  );
  t.equal(code, 0);
  t.match(err, /not configured or switched off: githb, old \(servers: github, meerkats-table\)/);
  t.ok(JSON.parse(out));
});

t.test('what cannot be is refused with 64', async (t) => {
  const { run } = cliFixture(t);
  for (const [argv, message] of [
    [[], /--user/],
    [['--user', ''], /user must/],
    [['--user', 'ana', '--expires', 'soon'], /--expires must be a duration/],
    [['--user', 'ana', '--servers', ''], /leave it out for all/],
    [['--user', 'ana', '--servers', 'a/b'], /no usable server name/],
    [['--user', 'ana', '--rate', '0'], /--rate must be a whole number/],
    [['--user', 'ana', '--concurrency', 'many'], /--concurrency must be a whole number/],
    [['--user', 'ana', '--tools', 'a\u001b'], /tools.allow must hold printable names/],
  ] as const) {
    const { code, out, err } = await run('keys', 'create', ...argv);
    t.equal(code, 64, argv.join(' '));
    t.match(err, message);
    t.equal(out, '');
  }
});

t.test('many servers do not scroll the key away', async (t) => {
  const { run } = cliFixture(t);
  const names = ['github', 'a1', 'a2', 'a3', 'a4'].join(',');
  const { out } = await run('keys', 'create', '--user', 'ana', '--servers', names);
  t.match(out, /The same goes for: a3, a4/);
  t.notMatch(out, /a3\/mcp/);
}); // prettier-ignore
