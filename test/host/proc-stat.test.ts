import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { processEpoch, processesOfGroup, readProcStat } from '../../src/host/proc-stat.js';

t.test('a process is known by its number and start time, whatever its name', async (t) => {
  // A name with blanks and parentheses moves the fields of a careless reader.
  const odd = join(t.testdir(), 'a) S 1 (b c');
  symlinkSync('/bin/sleep', odd);
  const child = spawn(odd, ['30'], { detached: true, stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const stat = readProcStat(pid);
  t.match(stat, { pid, processGroup: pid, session: pid, startTicks: /^\d+$/ });
  t.strictSame(processesOfGroup(pid), [stat]);
});

t.test('a process that is not there is null', (t) => {
  t.equal(readProcStat(2 ** 22 + 1), null);
  t.strictSame(processesOfGroup(2 ** 22 + 1), []);
  t.end();
});

t.test('the epoch names boot and pid name space, and stays the same', (t) => {
  t.match(processEpoch(), /^[0-9a-f-]{36} pid:\[\d+\]$/);
  t.equal(processEpoch(), processEpoch());
  t.end();
});
