/** PM2 itself runs the shipped ecosystem file, and is refused in the mode that cannot work. */
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { startProgram } from '../support/child-program.js';
import { freePort } from '../support/free-port.js';
import { findPm2 } from '../support/pm2.js';
import { repository } from '../support/repository.js';
import { shortDir } from '../support/short-dir.js';
import { MAIN } from '../support/start-gateway.js';
import { until, within } from '../support/until.js';

t.setTimeout(180_000);

/** A folder as an operator has it, with a PM2 of its own that is gone after the test. */
async function project(t: Test, program: string) {
  const root = shortDir(t);
  await cp(join(repository, 'ecosystem.config.cjs'), join(root, 'ecosystem.config.cjs'));
  await symlink(dirname(dirname(MAIN)), join(root, 'dist'));
  const config = { global: { workers: 2 }, servers: { 'meerkats-table': {} } };
  await writeFile(join(root, 'config.json'), JSON.stringify(config));
  const port = await freePort();
  const env = {
    PORT: String(port),
    MULTI_MCP_CONFIG: join(root, 'config.json'),
    DATA_DIR: join(root, 'data'),
    LOG_DIR: join(root, 'logs'),
    PM2_HOME: join(root, 'pm2'),
    PM2_DISABLE_VERSION_CHECK: 'true',
    NO_COLOR: '1',
  };
  const pm2 = async (...args: string[]): Promise<string> => {
    const run = startProgram({
      command: process.execPath,
      args: [program, '--no-color', ...args],
      env,
      cwd: root,
    });
    await within(90_000, `pm2 ${args.join(' ')}`, run.exited);
    return run.output();
  };
  t.teardown(() => pm2('kill'));
  const health = async (): Promise<{ pid: number; status: string }> => {
    const response = await fetch(`http://127.0.0.1:${port}/health`, {
      headers: { accept: 'application/json' },
    });
    return (await response.json()) as { pid: number; status: string };
  };
  return { root, pm2, health };
}

const found = findPm2();
const skip = 'reason' in found ? found.reason : false;
const program = 'program' in found ? found.program : '';

t.test(
  'start and reload return when all workers listen; stop ends it in order',
  { skip },
  async (t) => {
    const { root, pm2, health } = await project(t, program);
    const started = await pm2('start', 'ecosystem.config.cjs');
    const first = await health();
    t.equal(first.status, 'healthy', 'when pm2 start returns', { started });
    t.match(await readFile(join(root, 'logs', 'pm2-out.log'), 'utf8'), /multi-mcp/i);

    const reloaded = await pm2('reload', 'multi-mcp');
    const second = await health();
    t.equal(second.status, 'healthy', 'when pm2 reload returns', { reloaded });
    t.not(second.pid, first.pid);

    await pm2('stop', 'multi-mcp');
    await t.rejects(health(), 'nobody listens');
    const log = await readFile(join(root, 'logs', 'multi-mcp-production.log'), 'utf8');
    t.equal(log.split('"msg":"stopped, drained in ').length - 1, 2, 'both ended in order');
    t.notMatch(log, /ended unexpectedly/, 'and PM2 signalled no worker');
  },
);

t.test('in cluster mode it is refused with 78 and the fix', { skip }, async (t) => {
  const { root, pm2, health } = await project(t, program);
  const file = join(root, 'ecosystem.config.cjs');
  const shipped = await readFile(file, 'utf8');
  await writeFile(file, shipped.replace("exec_mode: 'fork'", "exec_mode: 'cluster'"));
  await pm2('start', 'ecosystem.config.cjs');
  const said = await until(
    async () => {
      const text = await readFile(join(root, 'logs', 'pm2-error.log'), 'utf8');
      return text.includes('cluster') ? text : null;
    },
    { timeoutMs: 30_000, what: 'the reason in logs/pm2-error.log' },
  );
  t.match(said, /exec_mode: 'fork'/);
  await t.rejects(health(), 'nobody listens');
  await until(
    async () =>
      /exited with code \[78\]/.test(await readFile(join(root, 'pm2', 'pm2.log'), 'utf8')),
    { timeoutMs: 30_000, what: 'exit code 78 in the log of PM2' },
  );
  t.notMatch(
    await readFile(join(root, 'logs', 'pm2-error.log'), 'utf8'),
    /fork is undefined|TypeError/,
  );
});
