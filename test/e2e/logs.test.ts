/** The logs of a running gateway: a full disk costs lines, never a request; the level changes while it runs. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { admissionBench } from '../support/admission-bench.js';
import { mountSmallDisk, NO_MOUNT } from '../support/small-disk.js';
import { until } from '../support/until.js';

t.setTimeout(240_000);

/** So much of the disk holds all that may wait, so that there is room for it later. */
const DISK_KILOBYTES = 24 * 1024;
/** Calls at once; far from any limit, so that a refusal would be the disk's doing. */
const ABREAST = 32;
const LONG = { timeoutMs: 90_000, everyMs: 100 };
const DROPPED = 'multi_mcp_log_lines_dropped_total{worker="1"}';

t.test('a disk of logs that is nearly full is an alert before lines are lost', async (t) => {
  const disk = mountSmallDisk(DISK_KILOBYTES);
  if (disk === null) {
    t.pass('skipped', { skip: NO_MOUNT });
    return;
  }
  t.teardown(() => {
    disk.remove();
  });
  await writeFile(join(disk.path, 'other'), Buffer.alloc(DISK_KILOBYTES * 1024 * 0.95));
  const { gateway } = await admissionBench(t, {
    alerting: { sustainedFor: 500 },
    env: { LOG_DIR: disk.path },
    servers: { files: {} },
  });
  const told = /^warning +disk-space-low +logs .*Disk use of logs is 9\d %, above 90 %\.$/m;
  const alerts = async (): Promise<string> => (await gateway.cli(['alerts', 'list'])).stdout;
  await until(async () => told.test(await alerts()), { ...LONG, what: 'an alert' });
});

t.test(
  'on a full disk every request is served, lost lines are counted, and it recovers',
  async (t) => {
    const disk = mountSmallDisk(DISK_KILOBYTES);
    if (disk === null) {
      t.pass('skipped', { skip: NO_MOUNT });
      return;
    }
    t.teardown(() => {
      disk.remove();
    });
    const { call, gateway, metrics } = await admissionBench(t, {
      global: { workers: 1, queueTimeout: 60_000 },
      alerting: { sustainedFor: 500 },
      env: { LOG_DIR: disk.path },
      servers: { files: {} },
    });
    disk.fill();
    const tool = 'x'.repeat(1000);
    const refused: string[] = [];
    let served = 0;
    await until(
      async () => {
        const replies = await Promise.all(
          Array.from({ length: ABREAST }, (_, n) => call(`user-${n % 8}`, 'files', { tool })),
        );
        refused.push(...replies.filter(({ status }) => status !== 200).map(({ text }) => text));
        served += replies.length;
        return refused.length > 0 || ((await metrics()).get(DROPPED) ?? 0) > 0;
      },
      { timeoutMs: 150_000, everyMs: 1, what: 'dropped lines in /metrics' },
    );
    t.comment(`${served} requests served`);
    t.same(refused, []);
    const alerts = async (): Promise<string> => (await gateway.cli(['alerts', 'list'])).stdout;
    await until(async () => (await alerts()).includes('log-lines-dropped'), {
      ...LONG,
      what: 'an alert',
    });

    disk.free();
    const last = async (): Promise<string> =>
      (await gateway.cli(['logs', '--user', 'after', '-n', '1'])).stdout;
    await until(
      async () => {
        t.equal((await call('after', 'files')).status, 200);
        return (await last()).includes('"user":"after"');
      },
      { ...LONG, everyMs: 500, what: 'lines again' },
    );
    await until(async () => /^over +log-lines-dropped/m.test(await alerts()), {
      ...LONG,
      what: 'the end of the alert',
    });
  },
);

t.test('the level of every process changes at once, and back', async (t) => {
  const { call, gateway, upstream } = await admissionBench(t, {
    global: { workers: 2 },
    servers: { broken: {} },
  });
  const file = join(gateway.files.logDir, 'multi-mcp-production.log');
  const debugLines = async (): Promise<number> =>
    (await readFile(file, 'utf8')).split('"level":"debug"').length - 1;
  // The gateway's own 502 is a debug line of the worker that gave it.
  upstream.onCall(() => ({ delayMs: 0, status: 302 }));
  await call('ana', 'broken');
  t.match((await gateway.cli(['log-level', 'debug', '--for', '1h'])).stdout, /^debug until .*Z \(/);
  await until(
    async () => {
      await call('ana', 'broken');
      return (await debugLines()) > 0;
    },
    { ...LONG, what: 'debug lines' },
  );
  t.equal((await gateway.cli(['log-level', 'reset'])).stdout, 'info\n');
  t.match(await readFile(file, 'utf8'), /"level":"info".*the log level was changed/);
});
