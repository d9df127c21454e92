import t from 'tap';
import { judgeResources } from '../../../src/cli/doctor/resources.js';

const GIB = 1024 ** 3;
const sized = { workers: 2, upstreamHosts: 1, uvThreadpoolSize: 4 };
const ample = {
  memoryBytes: 8 * GIB,
  availableBytes: 6 * GIB,
  isCgroupLimit: false,
  outOfMemoryKills: null,
  cpus: 4,
  cpuQuota: null,
  maxProcesses: null,
};
const found = (check: string, readings: object, config = sized) =>
  judgeResources(config, { ...ample, ...readings }).filter((finding) => finding.check === check);

t.test('an ample machine has nothing to repair', async (t) => {
  t.ok(judgeResources(sized, ample).every(({ severity }) => severity === 'ok'));
});

t.test('memory is measured against the processes that will run', async (t) => {
  t.match(found('memory', { memoryBytes: GIB / 2, availableBytes: GIB / 4 }), [
    { severity: 'warning', message: /4 processes/, fix: /memory-constrained/ },
  ]);
  t.match(found('memory', { memoryBytes: GIB / 2, isCgroupLimit: true }), [
    { severity: 'warning', message: /cgroup/, fix: /container or unit/ },
  ]);
  t.match(found('memory', { outOfMemoryKills: 3 }), [
    { severity: 'ok' },
    { severity: 'warning', message: /killed 3/ },
  ]);
});

t.test('workers that a CPU quota cannot run are too many', async (t) => {
  t.match(found('cpus', { cpuQuota: 1 }), [{ severity: 'warning', fix: /workers to 1/ }]);
  t.match(found('cpus', { cpuQuota: 1.5 }), [{ severity: 'ok' }]);
  t.match(found('cpus', {}, { ...sized, workers: 5 }), [{ severity: 'warning' }]);
});

t.test('threads are counted over all workers and held against CPUs and pids.max', async (t) => {
  t.match(found('threads', {}, { ...sized, uvThreadpoolSize: 64 }), [
    { severity: 'note', message: /64 per process x 2 workers = 128 threads/, fix: /SIZE=8/ },
  ]);
  t.match(found('threads', { maxProcesses: 50 }), [{ severity: 'warning', fix: /pids/ }]);
});
