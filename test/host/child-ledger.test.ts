import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ChildLedger } from '../../src/host/child-ledger.js';
import { processRef, untilGone, isRunning } from '../support/process-tree.js';

interface Record {
  server: string;
  startTicks: string;
  epoch: string;
}

/** `script` says that it is up once everything it starts is there. */
async function sleeper(
  t: { teardown(release: () => unknown): void },
  script = 'echo up; exec sleep 600',
) {
  const child = spawn('/bin/sh', ['-c', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = child.pid ?? 0;
  t.teardown(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Ended already, which is what most tests are about.
    }
  });
  await once(child.stdout, 'data');
  return { child, pid };
}

function edit(folder: string, pid: number, change: Partial<Record>): void {
  const path = join(folder, String(pid));
  const record = JSON.parse(readFileSync(path, 'utf8')) as Record;
  writeFileSync(path, JSON.stringify({ ...record, ...change }));
}

t.test(
  'a group that outlived its host is killed by the next one, and its record removed',
  async (t) => {
    const folder = join(t.testdir(), 'children');
    const { pid } = await sleeper(t);
    new ChildLedger(folder).add(pid, 'files');
    const ref = processRef(pid);
    t.strictSame(new ChildLedger(folder).reap(), [{ pid, server: 'files', processCount: 1 }]);
    await untilGone(ref === undefined ? [] : [ref], 2000);
    t.strictSame(readdirSync(folder), []);
  },
);

t.test('grandchildren whose parent is gone are found by their group', async (t) => {
  const folder = join(t.testdir(), 'children');
  const { child, pid } = await sleeper(t, 'sleep 600 & echo up; wait');
  new ChildLedger(folder).add(pid, 'files');
  process.kill(pid, 'SIGKILL');
  await once(child, 'exit');
  t.match(new ChildLedger(folder).reap(), [{ pid, processCount: 1 }]);
});

t.test('a child that ended is forgotten', async (t) => {
  const folder = join(t.testdir(), 'children');
  const ledger = new ChildLedger(folder);
  const { pid } = await sleeper(t);
  ledger.add(pid, 'files');
  ledger.remove(pid);
  ledger.remove(pid);
  t.strictSame(ledger.reap(), []);
  t.ok(processRef(pid) !== undefined);
});

for (const [what, change] of [
  ['started at another time', { startTicks: '1' }],
  ['belongs to an earlier boot or another container', { epoch: 'elsewhere' }],
] as const) {
  t.test(`a process with the same number that ${what} is left alone`, async (t) => {
    const folder = join(t.testdir(), 'children');
    const { pid } = await sleeper(t);
    new ChildLedger(folder).add(pid, 'files');
    edit(folder, pid, change);
    const ref = processRef(pid);
    t.strictSame(new ChildLedger(folder).reap(), []);
    t.ok(ref !== undefined && isRunning(ref));
    t.strictSame(readdirSync(folder), []);
  });
}

t.test('records that make no sense are removed and kill nothing', (t) => {
  const folder = t.testdir({
    [String(process.pid)]: '{"server":"x"',
    '1': '{"server":"x","startTicks":"0","epoch":"y"}',
    'not-a-pid': '{}',
    '-1': '{"server":"x","startTicks":"0","epoch":"y"}',
  });
  t.strictSame(new ChildLedger(folder).reap(), []);
  t.strictSame(readdirSync(folder), []);
  t.end();
});

t.test('only the owner can read what runs', async (t) => {
  const folder = join(t.testdir(), 'a', 'children');
  const { pid } = await sleeper(t);
  new ChildLedger(folder).add(pid, 'files');
  t.equal(statSync(folder).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, String(pid))).mode & 0o777, 0o600);
});

t.test('a child that is gone before it is written down leaves no record', (t) => {
  const folder = join(t.testdir(), 'children');
  const ledger = new ChildLedger(folder);
  ledger.add(2 ** 22 + 1, 'files');
  t.notOk(existsSync(join(folder, String(2 ** 22 + 1))));
  t.end();
});
