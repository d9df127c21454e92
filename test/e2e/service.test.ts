/** The gateway as a service: what it tells systemd through the real systemd-notify, and what it finds in its log folder. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startProgram } from '../support/child-program.js';
import { freePort } from '../support/free-port.js';
import { repository } from '../support/repository.js';
import { shortDir } from '../support/short-dir.js';
import { gatewayEnvironment, gatewayFiles, MAIN, startGateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

const config = { global: { workers: 2 }, servers: { 'meerkats-table': {} } };
const missing = ['systemd-notify', 'python3'].filter(
  (command) => spawnSync(command, ['--version']).status !== 0,
);

t.test(
  'systemd learns that it is ready, that it lives, and that it stops',
  { skip: missing.length === 0 ? false : `not installed: ${missing.join(', ')}` },
  async (t) => {
    const socket = join(shortDir(t), 'notify');
    const script = join(repository, 'test', 'support', 'notify-socket.py');
    const systemd = startProgram({ command: 'python3', args: [script, socket] });
    t.teardown(() => systemd.destroy());
    await systemd.untilOutput(/bound/, 20_000);
    const gateway = await startGateway({
      config,
      env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' },
    });
    t.teardown(() => gateway.destroy());
    const words = /READY=1\nSTATUS=healthy: 1\/1 servers ready, 0 req\/s, 2\/2 workers/;
    await systemd.untilOutput(words, 20_000);
    await systemd.untilOutput(/WATCHDOG=1/, 20_000);
    t.strictSame(await gateway.stop(), { code: 0, signal: null });
    await systemd.untilOutput(/STATUS=draining .*\nSTOPPING=1/, 20_000);
    t.match(systemd.output(), /^bound\n(?:BARRIER=1\n)?READY=1/, 'ready is the first word');
  },
);

t.test('a log of an earlier day is an archive before anything is written', async (t) => {
  const logDir = join(shortDir(t), 'logs');
  await mkdir(logDir);
  const old = `{"time":"${new Date(2026, 0, 2, 12).toISOString()}","id":"old"}\n`;
  await writeFile(join(logDir, 'requests.log'), old);
  await writeFile(join(logDir, 'multi-mcp-production.log'), old);
  const text = (name: string): Promise<string> => readFile(join(logDir, name), 'utf8');
  const gateway = await startGateway({
    config: { ...config, logging: { retentionDays: 3650 } },
    env: { LOG_DIR: logDir },
  });
  t.teardown(() => gateway.destroy());
  t.equal(await text('requests-2026-01-02.log'), old);
  t.equal(await text('multi-mcp-production-2026-01-02.log'), old);
  await until(async () => (await text('multi-mcp-production.log')).includes('"ready"'), {
    timeoutMs: 20_000,
    what: 'its own words in a new file',
  });
  t.equal(await text('requests.log'), '', 'and a new file for requests from the start');
  t.equal(
    await text('multi-mcp-production-2026-01-02.log'),
    old,
    'nothing was added to the old one',
  );
});

t.test('SIGHUP to every process ends none, and their logs have new files', async (t) => {
  const gateway = await startGateway({ config });
  t.teardown(() => gateway.destroy());
  const log = join(gateway.files.logDir, 'multi-mcp-production.log');
  await rename(log, `${log}.old`);
  const tree = gateway.program.tree();
  for (const { pid } of tree) process.kill(pid, 'SIGHUP');
  gateway.program.kill('SIGHUP');
  await until(async () => (await readFile(log, 'utf8')).includes('SIGHUP'), {
    timeoutMs: 20_000,
    what: 'a word about it in a new file',
  });
  t.ok((await fetch(`${gateway.url}/readyz`)).ok);
  t.strictSame(
    gateway.program.tree().map(({ pid }) => pid),
    tree.map(({ pid }) => pid),
  );
  t.strictSame(await gateway.stop(), { code: 0, signal: null });
});

t.test('a start that is signalled while it reads its settings goes on, and reloads', async (t) => {
  const text = JSON.stringify({ ...config, global: { workers: 1, reloadOnChange: false } });
  const files = await gatewayFiles(text);
  t.teardown(() => files.remove());
  const secret = join(files.directory, 'jwt-secret');
  const key = randomBytes(48).toString('base64');
  execFileSync('mkfifo', [secret]);
  const program = startProgram({
    command: process.execPath,
    args: [MAIN],
    env: { ...gatewayEnvironment(files, await freePort()), JWT_SECRET_FILE: secret },
  });
  t.teardown(() => program.destroy());
  const pipe = await open(secret, 'w'); // Resolves as the program, which has read the rest, opens it too.
  await writeFile(files.configFile, text.replace('"workers":1', '"workers":1,"queueTimeout":4321'));
  program.kill('SIGUSR2');
  program.kill('SIGHUP');
  await writeFile(`${secret}.txt`, key);
  await rename(`${secret}.txt`, secret);
  await pipe.writeFile(key).catch(() => undefined); // It ended: told below.
  await pipe.close();
  const log = join(files.logDir, 'multi-mcp-production.log');
  const isReloaded = async () => (await readFile(log, 'utf8')).includes('global.queueTimeout');
  await until(async () => program.hasExited() || (await isReloaded()), {
    timeoutMs: 30_000,
    what: 'what the signal asked for',
  });
  program.kill('SIGTERM');
  t.strictSame(await program.exited, { code: 0, signal: null }, program.output());
});
