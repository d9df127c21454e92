import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  clusterModeProblem,
  ReadySignal,
  type ReadySignalOptions,
} from '../../src/primary/ready-signal.js';
import { NO_PRLIMIT, takeAllFiles } from '../support/take-all-files.js';
import { until } from '../support/until.js';

/** Stands for systemd-notify: writes down what it was called with. */
async function notifier(t: Test) {
  const directory = t.testdir({});
  const file = join(directory, 'calls');
  const command = join(directory, 'notify');
  await writeFile(file, '');
  await writeFile(command, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${file}\n`);
  await chmod(command, 0o755);
  const calls = async () => (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return { command, calls };
}

function readySignal(t: Test, more: Partial<ReadySignalOptions>) {
  const warnings: string[] = [];
  const advice: string[] = [];
  const signal = new ReadySignal({
    environment: {},
    status: () => 'healthy: 4 of 4 workers',
    isServing: () => true,
    log: {
      info: (text: string) => advice.push(text),
      warn: (_facts: object, text: string) => warnings.push(text),
    } as unknown as ReadySignalOptions['log'],
    ...more,
  });
  t.teardown(() => {
    signal.stopping('draining …');
  });
  return { signal, warnings, advice };
}

const environment = { PATH: process.env['PATH'], NOTIFY_SOCKET: '/run/x' };

t.test('PM2 gets its message; a parent that is not PM2 gets none', async (t) => {
  const sent: string[] = [];
  const send = (message: string): number => sent.push(message);
  readySignal(t, { environment: {}, send }).signal.ready();
  t.strictSame(sent, []);
  const { signal, advice } = readySignal(t, { environment: { pm_id: '0' }, send });
  signal.ready();
  t.strictSame(sent, ['ready']);
  t.match(advice, [/SIGHUP multi-mcp/], 'and how to reload without a gap');
});

t.test('systemd is told of readiness and of the drain', async (t) => {
  const { command, calls } = await notifier(t);
  const { signal } = readySignal(t, { environment, command });
  signal.ready();
  await until(async () => (await calls()).length === 1, { timeoutMs: 10_000, what: 'a call' });
  signal.stopping('draining …');
  await until(async () => (await calls()).length === 2, { timeoutMs: 10_000, what: 'two calls' });
  t.strictSame(await calls(), [
    '/run/x --ready --status=healthy: 4 of 4 workers',
    '/run/x STOPPING=1 --status=draining …',
  ]);
});

t.test('signs of life go out while workers answer, and stop with them', async (t) => {
  const { command, calls } = await notifier(t);
  let asked = 0;
  let isServing = true;
  const { signal } = readySignal(t, {
    environment: { ...environment, WATCHDOG_USEC: '200000', WATCHDOG_PID: String(process.pid) },
    command,
    isServing: () => {
      asked += 1;
      return isServing;
    },
  });
  const signs = async () => (await calls()).filter((call) => call.includes('WATCHDOG=1')).length;
  signal.ready();
  await until(async () => (await signs()) >= 2, { timeoutMs: 20_000, what: 'two signs of life' });
  isServing = false;
  // One that was begun may still be under way when the next question comes.
  const from = asked;
  await until(() => asked > from + 3, { timeoutMs: 20_000, what: 'further questions' });
  const before = await signs();
  await until(() => asked > from + 8, { timeoutMs: 20_000, what: 'further questions' });
  t.equal(await signs(), before);
});

t.test('a watchdog of another process is not answered', async (t) => {
  let asked = 0;
  const { command, calls } = await notifier(t);
  const { signal } = readySignal(t, {
    environment: { ...environment, WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' },
    command,
    isServing: () => {
      asked += 1;
      return true;
    },
  });
  signal.ready();
  await until(async () => (await calls()).length === 1, { timeoutMs: 10_000, what: 'a call' });
  t.equal(asked, 0);
});

t.test('without systemd-notify it says so once', async (t) => {
  const { signal, warnings } = readySignal(t, { environment, command: '/nowhere/notify' });
  signal.ready();
  await until(() => warnings.length === 1, { timeoutMs: 10_000, what: 'a warning' });
  signal.stopping('draining …');
  t.match(warnings, [/Type=exec/]);
});

t.test('a start as a worker of somebody’s cluster is refused with the fix', async (t) => {
  t.equal(clusterModeProblem(true), null);
  t.match(clusterModeProblem(false), /exec_mode: 'fork'/);
});

t.test('a notification that the machine had no room for is followed by others', async (t) => {
  const { command, calls } = await notifier(t);
  const { signal, warnings } = readySignal(t, { environment, command });
  const giveBack = takeAllFiles();
  if (giveBack === null) {
    t.pass('skipped', { skip: NO_PRLIMIT });
    return;
  }
  signal.ready();
  const told = until(() => warnings.length === 1, { timeoutMs: 10_000, what: 'a warning' });
  await told.finally(giveBack);
  t.match(warnings, [/^systemd was not told/]);
  signal.stopping('draining …');
  await until(async () => (await calls()).length === 1, { timeoutMs: 10_000, what: 'a call' });
  t.match(await calls(), [/STOPPING=1/]);
});
