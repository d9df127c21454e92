import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CgroupLimits } from '../../src/primary/cgroup-limits.js';
import { SystemSampler } from '../../src/primary/system-sampler.js';
import { until } from '../support/until.js';

const machine = {
  cpuPercent: () => Promise.resolve(25),
  memory: () => Promise.resolve({ totalBytes: 1000, availableBytes: 400 }),
};

t.test('the real machine is sampled without being asked twice', async (t) => {
  const dir = t.testdir();
  const errors: unknown[] = [];
  const sampler = new SystemSampler({
    directories: { data: dir, gone: join(dir, 'nowhere') },
    onError: (thrown) => errors.push(thrown),
  });
  t.equal(sampler.latest(), null);
  sampler.start();
  t.teardown(() => {
    sampler.stop();
  });
  const first = await until(() => sampler.latest(), { timeoutMs: 30_000, what: 'a sample' });
  t.ok(first.memory.usedPercent > 0 && first.memory.usedPercent <= 100);
  t.ok(first.cpu.cores >= 1);
  t.same(
    first.disks.map(({ of }) => of),
    ['data'],
  );
  t.ok((first.disks[0]?.freeBytes ?? 0) > 0);
  const isNew = () => sampler.latest()?.sampledAt !== first.sampledAt;
  await until(isNew, { timeoutMs: 30_000, what: 'the next sample' });
  t.same(errors, []);
});

t.test('without a limit the machine counts', async (t) => {
  const cgroup = new CgroupLimits(t.testdir(), '/nowhere');
  const sampler = new SystemSampler({
    directories: {},
    cgroup,
    readings: machine,
    onError: () => undefined,
  });
  await sampler.sample();
  t.match(sampler.latest(), {
    cpu: { usedPercent: 25, limitCores: null },
    memory: { usedPercent: 60, usedBytes: 600, limitBytes: 1000, limitedBy: 'machine' },
  });
});

t.test('in a cgroup its limits count, unless they limit nothing', async (t) => {
  const dir = t.testdir();
  const root = join(dir, 'fs');
  mkdirSync(root);
  const write = (name: string, text: string): void => {
    writeFileSync(join(root, name), text);
  };
  writeFileSync(join(dir, 'membership'), '0::/\n');
  write('memory.max', '500');
  write('memory.current', '450');
  write('cpu.max', '100000 100000');
  write('cpu.stat', 'usage_usec 0');
  const cgroup = new CgroupLimits(root, join(dir, 'membership'));
  const sampler = new SystemSampler({
    directories: {},
    cgroup,
    readings: machine,
    onError: () => undefined,
  });
  await sampler.lookAround();
  await sampler.sample();
  t.match(sampler.latest(), {
    cpu: { usedPercent: 0, limitCores: 1 },
    memory: { usedPercent: 90, limitBytes: 500, limitedBy: 'cgroup' },
  });
  write('cpu.stat', 'usage_usec 3600000000');
  await sampler.sample();
  t.equal(sampler.latest()?.cpu.usedPercent, 100, 'an hour of CPU in no time is all there is');
  write('memory.max', '5000');
  await sampler.lookAround();
  await sampler.sample();
  t.match(sampler.latest()?.memory, { usedPercent: 60, limitedBy: 'machine' });
});

t.test('a reading that fails is said once, and the last sample stays', async (t) => {
  let fails = false;
  const errors: unknown[] = [];
  const sampler = new SystemSampler({
    directories: {},
    cgroup: new CgroupLimits(t.testdir(), '/nowhere'),
    readings: {
      ...machine,
      cpuPercent: () => (fails ? Promise.reject(new Error('no /proc')) : Promise.resolve(5)),
    },
    onError: (thrown) => errors.push(thrown),
  });
  await sampler.sample();
  fails = true;
  await sampler.sample();
  await sampler.sample();
  t.equal(sampler.latest()?.cpu.usedPercent, 5);
  t.equal(errors.length, 1);
});
