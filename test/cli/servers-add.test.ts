import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { GatewayError } from '../../src/kernel/errors.js';
import { cliFixture } from '../support/cli.js';

t.test(
  'a URL, a command, a module or an entry becomes what the gateway is asked for',
  async (t) => {
    const { run, gateway, dir } = cliFixture(t);
    const asked = await gateway();
    const file = join(dir, 'entry.json');
    writeFileSync(file, '{ "url": "https://a.example/mcp", /* a note */ }');
    const cases: readonly (readonly [string[], unknown, boolean?])[] = [
      [
        [
          '--url',
          'https://a.example/mcp',
          '--header',
          'Authorization: Bearer ${T}',
          '--header',
          'x:y',
        ],
        { url: 'https://a.example/mcp', headers: { Authorization: 'Bearer ${T}', x: 'y' } },
      ],
      [
        ['--env', 'A=b=c', '--cwd', 'sub', '--', 'mcp-files', '--root', '/srv'],
        { command: 'mcp-files', args: ['--root', '/srv'], cwd: resolve('sub'), env: { A: 'b=c' } },
      ],
      [['--', './bin/run'], { command: resolve('bin/run') }],
      [['--module', 'm.mjs', '--disabled'], { module: resolve('m.mjs'), enabled: false }],
      [['--entry', file, '--replace'], { url: 'https://a.example/mcp' }, true],
    ];
    for (const [args, entry, isReplacing = false] of cases) {
      asked.length = 0;
      const { code, out } = await run('servers', 'add', 'notes', '--json', ...args);
      t.equal(code, 0, args.join(' '));
      t.match(JSON.parse(out), { name: 'notes' });
      t.strictSame(asked, [['addServer', { name: 'notes', entry, isReplacing }]]);
    }
  },
);

t.test('the answer says where it is served, and what is doubtful', async (t) => {
  const { run, gateway } = cliFixture(t);
  const added = {
    ...{ name: 'notes', kind: 'http', from: 'https://a.example', enabled: true, replaced: false },
    ...{ url: 'http://127.0.0.1:8099/notes/mcp', warnings: ['servers.notes.x is odd'] },
  };
  await gateway({ addServer: () => Promise.resolve(added) });
  const args = ['servers', 'add', 'notes', '--url', 'https://a.example/mcp'];
  t.match(await run(...args), {
    code: 0,
    out: /notes \(http\) is served at http:\/\/127\.0\.0\.1:8099\/notes\/mcp\n.*servers test notes/,
    err: 'warning: servers.notes.x is odd\n',
  });
});

t.test('what is wrong is a usage error that names it, and never a secret', async (t) => {
  const { run, gateway, dir } = cliFixture(t);
  const broken = join(dir, 'broken.json');
  writeFileSync(broken, '{\n  "url" "https://a.example/mcp" }');
  t.match(await run('servers', 'add', 'notes', '--url', 'https://a.example'), {
    code: 69,
    err: /multi-mcp start/,
  });
  const hint = 'servers.notes.urll is not a setting (did you mean "url"?)';
  await gateway({
    addServer: () => Promise.reject(new GatewayError('GW_BAD_REQUEST', { hint })),
  });
  t.match(await run('servers', 'add', 'notes', '--url', 'x'), { code: 64, err: /did you mean/ });
  t.match(await run('servers', 'add', 'notes'), { code: 64, err: /Give one of/ });
  const two = await run('servers', 'add', 'notes', '--url', 'x', '--module', 'y');
  t.match(two, { code: 64, err: /Give one of/ });
  const bad = await run('servers', 'add', 'notes', '--url', 'x', '--header', 's3cret');
  t.match(bad, { code: 64, err: /The form is/ });
  t.notMatch(bad.err, /s3cret/);
  t.match(await run('servers', 'add', 'notes', '--entry', broken), {
    code: 64,
    err: /broken\.json:2:9 .*colon expected/,
  });
});

t.test('an entry that cannot be read is said in a line, and nothing is asked', async (t) => {
  const { run, gateway, dir } = cliFixture(t);
  const asked = await gateway();
  for (const file of [join(dir, 'nowhere.json'), dir]) {
    const { code, err } = await run('servers', 'add', 'notes', '--entry', file);
    t.equal(code, 64);
    t.match(err, /^multi-mcp: .* cannot be read: [^\n]*\n$/);
  }
  t.strictSame(asked, []);
});
