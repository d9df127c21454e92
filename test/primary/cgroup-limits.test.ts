import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { CgroupLimits } from '../../src/primary/cgroup-limits.js';

async function readingOf(t: Test, files: Readonly<Record<string, string>>) {
  const dir = t.testdir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const limits = new CgroupLimits(join(dir, 'fs'), join(dir, 'membership'));
  await limits.find();
  return limits.read();
}

t.test('version 2: the tightest limit up to the root counts', async (t) => {
  const reading = await readingOf(t, {
    membership: '0::/system.slice/multi-mcp.service\n',
    'fs/system.slice/memory.max': '2000\n',
    'fs/system.slice/memory.current': '900\n',
    'fs/system.slice/memory.stat': 'anon 5\ninactive_file 300\nslab 1\n',
    'fs/system.slice/multi-mcp.service/memory.max': 'max\n',
    'fs/system.slice/multi-mcp.service/cpu.max': '50000 100000\n',
    'fs/system.slice/multi-mcp.service/cpu.stat': 'usage_usec 12000\nuser_usec 1\n',
    'fs/system.slice/cpu.max': 'max 100000\n',
  });
  t.same(reading, {
    memory: { usedBytes: 600, limitBytes: 2000 },
    cpu: { limitCores: 0.5, usedMs: 12 },
  });
});

t.test('version 1 in a container, whose paths are the host’s', async (t) => {
  const reading = await readingOf(t, {
    membership: '9:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n',
    'fs/memory/memory.limit_in_bytes': '1000\n',
    'fs/memory/memory.usage_in_bytes': '500\n',
    'fs/memory/memory.stat': 'total_inactive_file 100\n',
    'fs/cpu/cpu.cfs_quota_us': '200000\n',
    'fs/cpu/cpu.cfs_period_us': '100000\n',
    'fs/cpuacct/cpuacct.usage': '5000000\n',
  });
  t.same(reading, {
    memory: { usedBytes: 400, limitBytes: 1000 },
    cpu: { limitCores: 2, usedMs: 5 },
  });
});

t.test('no limit, or nothing to read, is no limit', async (t) => {
  const unlimited = await readingOf(t, {
    membership: '9:memory:/\n3:cpu:/\n',
    'fs/memory/memory.limit_in_bytes': '9223372036854771712\n',
    'fs/cpu/cpu.cfs_quota_us': '-1\n',
    'fs/cpu/cpu.cfs_period_us': '100000\n',
  });
  t.same(unlimited, { memory: null, cpu: null });
  t.same(await readingOf(t, {}), { memory: null, cpu: null });
});
