import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, watch } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openRequestLog, requestLine } from '../../src/telemetry/request-log.js';
import { requestRecord } from '../support/request-record.js';

const record = requestRecord({ totalMs: 1.234 });

t.test('a line is one JSON object, whatever a client put into it', async (t) => {
  const hostile = 'x"\n\u001b[31m{"status":200}\\';
  const line = requestLine({ ...record, user: hostile, target: hostile, method: 'é' });
  t.equal(line.split('\n').length, 2);
  t.match(JSON.parse(line), { user: hostile, target: hostile, method: 'é', totalMs: 1.23 });
  t.ok(requestLine({ ...record, target: 'x'.repeat(100_000) }).length < 1500);
  t.equal((JSON.parse(requestLine({ ...record, user: null })) as { user: unknown }).user, null);
});

t.test('lines reach the file, and after a rotation the new one', async (t) => {
  const dir = t.testdir();
  const file = join(dir, 'logs', 'requests.log');
  const log = await openRequestLog(file);
  log.write(record);
  log.flush();
  t.equal(readFileSync(file, 'utf8').split('\n').length, 2);
  renameSync(file, `${file}.1`);
  const watcher = watch(join(dir, 'logs'));
  t.teardown(() => {
    watcher.close();
  });
  const appeared = once(watcher, 'change');
  log.reopen();
  await appeared;
  t.ok(existsSync(file));
  t.equal(log.dropped(), 0);
});
