import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cliFixture, type CliFixture } from '../support/cli.js';

const SECRET = 'ghp_0123456789';
const THEIRS = {
  mcpServers: {
    files: { command: 'npx', args: ['-y', 'server-files'], icon: 'folder' },
    mail: {
      type: 'http',
      url: 'https://mail.example.com/mcp',
      headers: { Authorization: `Bearer ${SECRET}` },
    },
  },
};
const OURS = `{
  // ours
  "servers": {
    "github": { "url": "https://api.example.com/mcp" } // the first
  }
}
`;

function fixture(t: Parameters<typeof cliFixture>[0], theirs: unknown = THEIRS) {
  const made: CliFixture = cliFixture(t);
  const { dir, configPath, run } = made;
  writeFileSync(configPath, OURS);
  const file = join(dir, 'their.json');
  writeFileSync(file, typeof theirs === 'string' ? theirs : JSON.stringify(theirs, null, 2));
  return {
    file,
    run,
    text: () => readFileSync(configPath, 'utf8'),
    backups: () => readdirSync(dir).filter((name) => name.endsWith('.bak')),
  };
}

t.test('the servers of a client are added, with what became of each and what to do', async (t) => {
  const { run, file, text, backups } = fixture(t);
  const dry = await run('import', file, '--dry-run');
  t.match(dry, { code: 0, err: /Nothing was written/ });
  t.match(dry.out, /^\+ {4}"files": \{$/m);
  t.equal(text(), OURS);

  const { code, out, err } = await run('import', file);
  t.equal(code, 0);
  t.equal(out, dry.out);
  t.match(
    err,
    /^files: added \(stdio: npx\)\n {4}.*their.json:9:7 .*icon is a setting of some client; not taken over/m,
  );
  t.match(err, /^mail: added \(http: https:\/\/mail.example.com\)/m);
  t.match(err, /secret in plain text \(set MAIL_AUTHORIZATION .*"Bearer \$\{MAIL_AUTHORIZATION\}"/);
  t.notMatch(out + err, SECRET, 'it is shown nowhere');
  t.match(
    text(),
    '"github": { "url": "https://api.example.com/mcp" }, // the first\n    "files": {',
  );
  t.match(text(), SECRET, 'and taken over as it is');
  t.equal(backups().length, 1);
  t.match(await run('validate'), { code: 0 });

  t.match(await run('import', file), { code: 0, err: /files: is there already, just so\n/ });
  t.equal(backups().length, 1, 'nothing was written again');
});

t.test(
  'a name that is taken is refused, unless it is to be replaced; the others are added',
  async (t) => {
    const { run, file, text } = fixture(t, {
      servers: {
        github: { command: 'x' },
        other: { command: 'y' },
        bad: { command: 'z', url: 'https://z' },
      },
    });
    const first = await run('import', file);
    t.match(first, { code: 78, err: /github: refused, the name is taken; --replace overwrites/ });
    t.match(first.err, /other: added/);
    t.match(first.err, /bad: refused, would not be valid\n {4}servers.bad/);
    t.match(text(), /api.example.com/);
    t.notMatch(text(), /"bad"/);
    const second = JSON.parse((await run('import', file, '--replace', '--json')).out) as object;
    t.match(second, {
      written: true,
      servers: [
        { name: 'github', state: 'replaced', source: 'stdio: x', enabled: true },
        { name: 'other', state: 'unchanged' },
        { name: 'bad', state: 'refused', problems: [{ path: /servers.bad/ }] },
      ],
    });
    t.notMatch(text(), /api.example.com/);
    t.match(text(), /\/\/ the first/);
  },
);

t.test('a server that was pasted under mcpServers moves when it is replaced', async (t) => {
  const { run, file, text } = fixture(t, { mcpServers: { pasted: { command: 'new' } } });
  const configPath = join(file, '..', 'config.json');
  writeFileSync(configPath, '{ "mcpServers": { "pasted": { "command": "old" } } }');
  t.match(await run('import', file), { code: 78, err: /the name is taken/ });
  t.match(await run('import', file, '--replace'), { code: 0 });
  t.same(JSON.parse(text()), { mcpServers: {}, servers: { pasted: { command: 'new' } } });
});

t.test('a file that holds nothing of use is refused, and says why', async (t) => {
  for (const [content, code, said] of [
    ['{', 78, /not valid JSON/],
    ['{"a":1}', 78, /holds no servers/],
  ] as const) {
    const { run, file, text } = fixture(t, content);
    t.match(await run('import', file), { code, err: said });
    t.equal(text(), OURS);
  }
  const { run } = fixture(t);
  t.match(await run('import', '/nowhere.json'), { code: 64, err: /cannot be read/ });
  t.match(await run('import'), { code: 64, err: /missing required argument/ });
});

t.test(
  'the file of Codex is TOML and that of goose YAML; mistakes have their places',
  async (t) => {
    const { run, file, text } = fixture(t);
    const toml = file.replace('their.json', 'config.toml');
    writeFileSync(toml, '[mcp_servers.files]\ncommand = "npx"\nicon = "folder"\n');
    const added = await run('import', toml);
    t.match(added, { code: 0, err: /^files: added \(stdio: npx\)\n.*config.toml:3:1 .*icon is a/ });
    t.match(text(), '"command": "npx"');
    writeFileSync(toml, '[mcp_servers.files\n[other]\n');
    t.match(await run('import', toml), { code: 78, err: /config\.toml:\d:\d+ is not valid TOML/ });
    const yaml = file.replace('their.json', 'config.yaml');
    writeFileSync(yaml, 'extensions:\n  mail: { type: stdio, cmd: mail-server }\n');
    t.match(await run('import', yaml), { code: 0, err: /mail: added \(stdio: mail-server\)/ });
    writeFileSync(yaml, 'extensions:\n  developer: { type: builtin }\n');
    t.match(await run('import', yaml), { code: 78, err: /holds no servers/ });
  },
);
