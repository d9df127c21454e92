import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createAlertCommand } from '../../src/telemetry/alert-command.js';
import { alertNotice } from '../support/alert-notice.js';
import { NO_PRLIMIT, takeAllFiles } from '../support/take-all-files.js';
import { until } from '../support/until.js';

const DEADLINE_MS = 60_000;

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'alert-command-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

function command(script: string, args: readonly string[] = [], timeoutMs = DEADLINE_MS) {
  return createAlertCommand({
    file: '/bin/sh',
    args: ['-c', script, 'sh', ...args],
    timeoutMs,
    env: { PATH: '/usr/bin:/bin', ONLY: 'this' },
  });
}

t.test('the program reads the alert as JSON and has no other environment', async (t) => {
  process.env['NOT_FOR_CHILDREN'] = 'a secret';
  t.teardown(() => delete process.env['NOT_FOR_CHILDREN']);
  const path = join(await folder(t), 'got');
  await command('env > "$1.env"; cat > "$1"', [path]).deliver(alertNotice());
  t.same(JSON.parse(await readFile(path, 'utf8')), alertNotice());
  const environment = await readFile(`${path}.env`, 'utf8');
  t.match(environment, /^ONLY=this$/m);
  t.notMatch(environment, /NOT_FOR_CHILDREN/);
});

t.test('arguments are no shell text', async (t) => {
  const path = join(await folder(t), 'got');
  await command('printf %s "$2" > "$1"', [path, '$(id) "; rm x']).deliver(alertNotice());
  t.equal(await readFile(path, 'utf8'), '$(id) "; rm x');
});

t.test('it says how it failed: its exit and last words, or that it does not start', async (t) => {
  await t.rejects(command('echo first >&2; echo no route >&2; exit 3').deliver(alertNotice()), {
    name: 'AlertSinkError',
    message: 'it ended with 3: no route',
    isTemporary: false,
  });
  const absent = createAlertCommand({
    ...{ file: '/nonexistent/program', args: [], timeoutMs: DEADLINE_MS, env: {} },
  });
  await t.rejects(absent.deliver(alertNotice()), {
    message: 'it cannot be started (ENOENT)',
  });
  const closed = command('exec 0<&-; exit 0');
  await t.resolves(closed.deliver(alertNotice({ message: 'x'.repeat(200_000) })));
});

t.test('at its deadline it is killed with its children', async (t) => {
  const path = join(await folder(t), 'pid');
  await writeFile(path, '');
  const hangs = command('sleep 1000 & echo $! > "$1"; wait', [path], 2000);
  await t.rejects(hangs.deliver(alertNotice()), { message: 'it did not end within 2000 ms' });
  const pid = Number(await readFile(path, 'utf8'));
  t.ok(pid > 1);
  await until(() => isGone(pid), { timeoutMs: 10_000, what: 'no child left' });
});

async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '0 (sleep) Z');
  return status.includes(') Z');
}

t.test('without a free file descriptor it is not started, and nothing else happens', async (t) => {
  const giveBack = takeAllFiles();
  if (giveBack === null) {
    t.pass('skipped', { skip: NO_PRLIMIT });
    return;
  }
  const sink = command('cat');
  const failed = sink.deliver(alertNotice()).catch((error: unknown) => error);
  t.match(await failed.finally(giveBack), { message: 'it cannot be started (EMFILE)' });
  await t.resolves(sink.deliver(alertNotice()));
});
