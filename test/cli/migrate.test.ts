import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { cliFixture } from '../support/cli.js';

const OLD = `{
  // where we are
  "global": { "port": 8081 },
  "servers": {
    "a": {
      "disabled": true, // for now
      "serverUrl": "https://a.example.com/mcp"
    },
    "b": { "type": "stdio", "command": "node" }
  }
}
`;
const NEW = OLD.replace('"disabled": true', '"enabled": false')
  .replace('"serverUrl"', '"url"')
  .replace('"type": "stdio", ', '');

function withFile(t: Parameters<typeof cliFixture>[0], text: string) {
  const { configPath, run } = cliFixture(t);
  writeFileSync(configPath, text);
  const folder = dirname(configPath);
  return {
    run,
    configPath,
    text: () => readFileSync(configPath, 'utf8'),
    backups: () => readdirSync(folder).filter((name) => name.endsWith('.bak')),
    drafts: () => readdirSync(folder).filter((name) => name.endsWith('.new')),
  };
}

t.test('old names become the present ones, comments stay, and the old file is kept', async (t) => {
  const { run, text, backups, drafts } = withFile(t, OLD);
  const dry = await run('migrate', '--dry-run');
  t.match(dry, {
    code: 0,
    out: /^-.*"disabled": true, \/\/ for now\n/m,
    err: /Nothing was written/,
  });
  t.match(dry.out, /^\+.*"enabled": false, \/\/ for now\n/m);
  t.match(dry.err, /:6: servers.a.disabled is now servers.a.enabled\n/);
  t.match(dry.err, /:9: servers.b.type goes/);
  t.equal(text(), OLD);
  t.match(await run('migrate'), { code: 0, out: dry.out, err: /the old file is .*\.bak/ });
  t.equal(text(), NEW);
  t.equal(backups().length, 1);
  t.same(drafts(), []);
  t.match(await run('validate'), { code: 0, out: /is valid/ });
  t.match(await run('migrate'), { code: 0, out: /every setting has its present name/ });
  t.equal(backups().length, 1);
});

t.test('for a program it is one document', async (t) => {
  const { run } = withFile(t, OLD);
  const dry = JSON.parse((await run('migrate', '--dry-run', '--json')).out) as object;
  t.match(dry, {
    written: false,
    backup: null,
    changes: [{ line: 6, to: 'servers.a.enabled' }, {}, {}],
  });
  t.match(JSON.parse((await run('migrate', '--json')).out), { written: true, backup: /\.bak$/ });
  const none = { written: false, changes: [] };
  t.match(JSON.parse((await run('migrate', '--json')).out), none);
});

t.test('another file may be named; one that cannot be read is 78', async (t) => {
  const { run, configPath, text } = withFile(t, OLD);
  t.match(await run('migrate', `${configPath}.not`), { code: 78, err: /does not exist/ });
  writeFileSync(configPath, '{ "servers": {');
  t.match(await run('migrate'), { code: 78, err: /must be readable.*\n.*not valid JSON/ });
  t.equal(text(), '{ "servers": {');
});
