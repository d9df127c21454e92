/** The start script in a copy of the tree: it checks, installs and builds only what is not there, and becomes the server. */
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { startProgram } from '../support/child-program.js';
import { freePort } from '../support/free-port.js';
import { repository } from '../support/repository.js';
import { shortDir } from '../support/short-dir.js';
import { MAIN } from '../support/start-gateway.js';
import { until, within } from '../support/until.js';

t.setTimeout(240_000);

const CONFIG = '{ "global": { "workers": 1 }, "servers": { "meerkats-table": {} } }\n';

/** A copy with the built program; `npm` is one that writes down how it was called and does what `npm` says. */
async function tree(t: Test, options: { npm?: string; node?: string } = {}) {
  const root = shortDir(t);
  for (const name of ['start-production.sh', 'src', 'workers', 'config', 'package.json']) {
    await cp(join(repository, name), join(root, name), { recursive: true });
  }
  await cp(dirname(dirname(MAIN)), join(root, 'dist'), { recursive: true });
  await symlink(join(repository, 'node_modules'), join(root, 'node_modules'));
  await writeFile(join(root, 'config', 'server-production.json'), CONFIG);
  const built = join(root, 'dist', 'src', 'main.js');
  const now = new Date();
  await utimes(built, now, now);

  const tools = join(root, 'tools');
  await mkdir(tools);
  const tool = async (name: string, does: string): Promise<void> => {
    await writeFile(join(tools, name), `#!/bin/sh\n${does}\n`);
    await chmod(join(tools, name), 0o755);
  };
  await tool('npm', `echo "$*" >> ${root}/npm-calls\n${options.npm ?? 'exit 0'}`);
  await tool('node', options.node ?? `exec ${process.execPath} "$@"`);
  const env = {
    PATH: `${tools}:/usr/bin:/bin`,
    PORT: String(await freePort()),
    DATA_DIR: join(root, 'data'),
    LOG_DIR: join(root, 'logs'),
    NO_COLOR: '1',
  };
  const start = (...args: string[]) =>
    startProgram({ command: join(root, 'start-production.sh'), args, env });
  return {
    root,
    built,
    env,
    port: env.PORT,
    start,
    run: async (...args: string[]) => {
      const program = start(...args);
      try {
        const { code } = await within(30_000, 'the script', program.exited);
        return { code, output: program.output() };
      } finally {
        await program.destroy();
      }
    },
    npmCalls: () => readFile(join(root, 'npm-calls'), 'utf8').catch(() => ''),
  };
}

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
t.test(
  'shellcheck finds nothing',
  { skip: hasShellcheck ? false : 'shellcheck is not installed (apt-get install shellcheck)' },
  async (t) => {
    const { stdout } = spawnSync('shellcheck', ['start-production.sh'], {
      cwd: repository,
      encoding: 'utf8',
    });
    t.equal(stdout, '');
  },
);

t.test('--check says that all is well, and starts, installs and builds nothing', async (t) => {
  const { run, npmCalls } = await tree(t);
  const { code, output } = await run('--check');
  t.equal(code, 0, 'exit code', { output });
  t.match(output, /all checks passed\n$/);
  t.equal(await npmCalls(), '');
});

t.test('a wrong configuration ends it with 78 and the place', async (t) => {
  const { root, run } = await tree(t);
  const file = join(root, 'config', 'server-production.json');
  await writeFile(file, '{\n  "global": { "prot": 1 },\n  "servers": {}\n}\n');
  for (const args of [[], ['--check'], ['--check', '--config', file]]) {
    const { code, output } = await run(...args);
    t.equal(code, 78, 'exit code', { output });
    t.match(output, /server-production\.json:2:\d+/);
  }
});

t.test('what it does not know it refuses, and starts nothing', async (t) => {
  const { run } = await tree(t);
  for (const args of [['--chek'], ['--config'], ['extra'], ['--check', 'extra']]) {
    t.match(await run(...args), { code: 64, output: /start-production: / }, args.join(' '));
  }
  t.match(await run('--help'), { code: 0, output: /^Starts the gateway.*--config FILE.*78/s });
});

t.test('so does the program itself', async (t) => {
  const program = startProgram({ command: process.execPath, args: [MAIN, '--chek'] });
  t.teardown(() => program.destroy());
  const { code } = await within(30_000, 'the program', program.exited);
  t.equal(code, 64);
  t.match(program.output(), /^multi-mcp: .*'--chek'.*It takes: /);
});

t.test('the file may be written with an equals sign', async (t) => {
  const { root, run } = await tree(t);
  await writeFile(join(root, 'other.json'), '{ "global": { "prot": 1 } }');
  t.match(await run('--check', '--config=other.json'), { code: 78, output: /other\.json:1/ });
});

t.test('a symbolic link to it starts the tree in which it lies', async (t) => {
  const { root, env } = await tree(t);
  const link = join(shortDir(t), 'start');
  await symlink(join(root, 'start-production.sh'), link);
  const program = startProgram({ command: link, args: ['--check'], env });
  t.teardown(() => program.destroy());
  const { code } = await within(30_000, 'the script', program.exited);
  t.equal(code, 0, 'exit code', { output: program.output() });
});

t.test('an installation that was cut off is done again', async (t) => {
  const { root, run, npmCalls } = await tree(t, { npm: 'exit 1' });
  await rm(join(root, 'node_modules'));
  await mkdir(join(root, 'node_modules', 'zod'), { recursive: true });
  t.match(await run('--check'), { code: 69, output: /npm ci failed/ });
  t.match(await npmCalls(), /^ci /);
});

t.test('it builds when a source is newer than the program, and only then', async (t) => {
  const { root, built, run, npmCalls } = await tree(t, { npm: 'touch dist/src/main.js' });
  const past = new Date(2020, 0);
  await utimes(built, past, past);
  t.match(await run('--check'), { code: 0, output: /building/ });
  t.match(await run('--check'), { code: 0, output: /^(?!.*building)/s });
  t.equal(await npmCalls(), 'run --silent build\n');
  await rm(join(root, 'dist', 'src', 'main.js'));
  t.match(await run('--check'), { code: /\d/, output: /building/ }, 'and when it was never built');
});

t.test('a failed build ends it with 70, a failed installation with 69', async (t) => {
  const { root, built, run, npmCalls } = await tree(t, { npm: 'exit 1' });
  await rm(built);
  t.match(await run(), { code: 70, output: /the build failed/ });
  await rm(join(root, 'node_modules'));
  t.match(await run(), { code: 69, output: /npm ci failed/ });
  t.match(await npmCalls(), /^ci --ignore-scripts --include=dev/m);
});

t.test('a Node.js that is too old ends it with 78 and the versions that will do', async (t) => {
  const { run } = await tree(t, { node: '[ "$1" = --version ] && echo v18.20.4 && exit\nexit 1' });
  t.match(await run('--check'), { code: 78, output: /v18\.20\.4 is not supported; use 20\.19\+/ });
});

t.test('it becomes the server: its pid is the gateway’s, and signals reach it', async (t) => {
  const { port, start } = await tree(t);
  const program = start();
  t.teardown(() => program.destroy());
  const health = await until(
    async () => {
      if (program.hasExited()) throw new Error(program.output());
      const response = await fetch(`http://127.0.0.1:${port}/health`, {
        headers: { accept: 'application/json' },
      });
      return response.ok ? ((await response.json()) as { pid: number }) : null;
    },
    { timeoutMs: 60_000, everyMs: 100, what: 'a healthy gateway' },
  );
  t.equal(health.pid, program.pid);
  program.kill('SIGTERM');
  t.strictSame(await within(45_000, 'the end', program.exited), { code: 0, signal: null });
});
