import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MachineCpu } from '../../src/primary/machine-cpu.js';

const stat = (ticks: string): string => `cpu  ${ticks}\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5\n`;

t.test('no process is started for it', { skip: !existsSync('/proc/stat') }, async (t) => {
  const dir = t.testdir();
  const marker = join(dir, 'started');
  for (const program of ['cat', 'grep', 'sh']) {
    writeFileSync(join(dir, program), `#!/bin/sh\n: > ${marker}\n`);
    chmodSync(join(dir, program), 0o755);
  }
  const path = process.env['PATH'];
  process.env['PATH'] = dir;
  t.teardown(() => {
    process.env['PATH'] = path;
  });
  const percent = await new MachineCpu().percent();
  t.ok(percent >= 0 && percent <= 100);
  t.notOk(existsSync(marker));
});

t.test('the busy part of what passed since the reading before counts', async (t) => {
  const path = join(t.testdir(), 'stat');
  const cpu = new MachineCpu(path);
  // user nice system idle iowait irq softirq steal guest guest_nice
  writeFileSync(path, stat('50 0 0 50 0 0 0 0 0 0'));
  t.equal(await cpu.percent(), 50, 'at first since boot');
  writeFileSync(path, stat('60 10 10 100 20 10 10 20 60 10'));
  t.equal(await cpu.percent(), 50, '70 of 140 ticks: neither waiting for disks nor a guest twice');
  t.equal(await cpu.percent(), 0, 'nothing has passed');
  writeFileSync(path, stat('60 10 10 90 20 10 10 20 60 10'));
  t.equal(await cpu.percent(), 0, 'Linux may count a core’s idle time back');
});

t.test('without /proc another reading is taken', async (t) => {
  const percent = await new MachineCpu(join(t.testdir(), 'none')).percent();
  t.ok(percent >= 0 && percent <= 100);
});
