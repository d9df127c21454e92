import { join } from 'node:path';
import t from 'tap';
import { judgeDisk, readDisk } from '../../../src/cli/doctor/disk.js';

const GIB = 1024 ** 3;
const data = { name: 'data', path: '/srv/data', hasDatabase: true } as const;
const logs = { name: 'logs', path: '/srv/logs', hasDatabase: false } as const;
const good = {
  freeBytes: 50 * GIB,
  totalBytes: 100 * GIB,
  freeFilesRatio: 0.9,
  type: 0xef53,
  isWritable: true,
};

t.test('room on a local disk that may be written is all it takes', async (t) => {
  t.match(judgeDisk(data, good), [{ severity: 'ok', message: /50\.0 GiB of 100\.0 GiB/ }]);
});

t.test('a disk that fills up is a warning, a full one an error', async (t) => {
  t.match(judgeDisk(logs, { ...good, freeBytes: GIB / 2 }), [{ severity: 'warning' }]);
  t.match(judgeDisk(logs, { ...good, freeBytes: 4 * GIB }), [{ severity: 'warning' }], 'under 5 %');
  t.match(judgeDisk(logs, { ...good, freeBytes: 1e6 }), [{ severity: 'error', exitCode: 69 }]);
  t.match(judgeDisk(logs, { ...good, freeFilesRatio: 0.01 }), [
    { severity: 'warning', message: /inodes/ },
  ]);
});

t.test('places that lose or break a database are named', async (t) => {
  t.match(judgeDisk(data, { ...good, type: 0x6969 }), [{ severity: 'error', message: /NFS/ }]);
  t.match(judgeDisk({ ...data, hasDatabase: false }, { ...good, type: 0x6969 }), [
    { severity: 'ok' },
  ]);
  t.match(judgeDisk(data, { ...good, type: 0x01021994 }), [
    { severity: 'warning', message: /tmpfs/ },
  ]);
  t.match(judgeDisk(data, { ...good, type: 0x794c7630 }), [{ severity: 'warning', fix: /volume/ }]);
});

t.test('a place that may not be written is a question of rights', async (t) => {
  t.match(judgeDisk(logs, { ...good, isWritable: false }), [
    { severity: 'error', exitCode: 77, fix: /LOG_DIR/ },
  ]);
});

t.test('a directory that a start will make is judged by the one above it', async (t) => {
  const { totalBytes, isWritable } = await readDisk(join(t.testdir({}), 'a', 'b'));
  t.ok(totalBytes > 0);
  t.ok(isWritable);
});
