import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCli } from '../../src/cli/program.js';
import { VERSION } from '../../src/kernel/version.js';
import { cliFixture } from '../support/cli.js';

async function run(...argv: string[]) {
  const text = { out: '', err: '' };
  const code = await runCli(argv, {
    out: (piece) => {
      text.out += piece;
    },
    err: (piece) => {
      text.err += piece;
    },
    isColored: false,
  });
  return { code, ...text };
}

t.test('help lists every command and exits 0', async (t) => {
  const { code, out } = await run('--help');
  t.equal(code, 0);
  for (const name of [
    'start',
    'validate',
    'import',
    'migrate',
    'keys',
    'token',
    'servers',
    'status',
    'health',
    'logs',
    'alerts',
  ]) {
    t.match(out, new RegExp(`^  ${name}\\b`, 'm'));
  }
  t.match(await run('--version'), { code: 0, out: `${VERSION}\n` });
  t.match(await run('keys', 'create', '--help'), { code: 0, out: /--servers <names>/ });
  t.match((await run('keys', 'create', '--help')).out, /--json +print one JSON document/);
  t.match((await run('logs', '--help')).out, /--json +the file's own lines/, 'many documents');
});

t.test('a command that is none is 64, with the nearest name', async (t) => {
  t.match(await run('stauts'), {
    code: 64,
    err: /unknown command 'stauts'\n\(Did you mean status\?\)/,
  });
  t.match(await run('keys', 'mint'), { code: 64, err: /unknown command/ });
  t.match(await run('status', '--no-such'), { code: 64, err: /unknown option/ });
  t.match(await run('token'), { code: 64, err: /--user/ });
  t.match(await run(), { code: 64, err: /Usage/ });
});

t.test('a wrong configuration is 78 where no gateway can be asked instead', async (t) => {
  const { run: inFixture, configPath, dir } = cliFixture(t);
  const global = { prot: 1, dataDir: join(dir, 'data') };
  writeFileSync(configPath, JSON.stringify({ global }));
  t.match(await inFixture('keys', 'list'), { code: 78, err: /prot/ });
  t.match(await inFixture('validate'), { code: 78, out: /prot/ });
  t.match(await inFixture('status'), { code: 69, err: /prot.*\n.*No gateway answers/ });
});

t.test('validate checks the file it is given, in the format it is asked for', async (t) => {
  const { configPath } = cliFixture(t);
  t.match(await run('validate', configPath), { code: 0, out: /is valid/ });
  t.match(JSON.parse((await run('validate', configPath, '--json')).out), { ok: true });
  t.match(await run('validate', configPath, '--format', 'xml'), { code: 64, err: /--format/ });
});

t.test('a secret others can read stops the command with the repair', async (t) => {
  const { run: inFixture, dir } = cliFixture(t);
  await inFixture('token', '--user', 'ana');
  chmodSync(join(dir, 'data', 'master-key'), 0o644);
  t.match(await inFixture('token', '--user', 'ana'), { code: 78, err: /chmod 600/ });
});

t.test('a bug is 70 and shows its stack', async (t) => {
  const code = await runCli(['--help'], {
    out: () => {
      throw new TypeError('a bug');
    },
    err: (text) => {
      t.match(text, /a bug/);
    },
    isColored: false,
  });
  t.equal(code, 70);
});

t.test('a MongoDB that is away is 69, and which one it is', async (t) => {
  const { configPath } = cliFixture(t);
  process.env['MONGODB_URI'] = 'mongodb://127.0.0.1:1/x';
  t.teardown(() => {
    delete process.env['MONGODB_URI'];
  });
  t.match(await run('keys', 'list', '-c', configPath), { code: 69, err: /127\.0\.0\.1:1\/x/ });
});

t.test('the real command: output on standard output, code at exit', (t) => {
  const main = join(import.meta.dirname, '../../src/cli/main.ts');
  const out = execFileSync(process.execPath, [...process.execArgv, main, '--version']);
  t.equal(out.toString(), `${VERSION}\n`);
  const { status } = spawnSync(process.execPath, [...process.execArgv, main, 'nope']);
  t.equal(status, 64);
  t.end();
});
