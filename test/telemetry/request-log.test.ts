import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, watch } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openRequestLog, requestLine } from '../../src/telemetry/request-log.js';
import { requestRecord } from '../support/request-record.js';

const record = requestRecord({ totalMs: 1.234 });

t.test('a line is one JSON object, whatever a client put into it', async (t) => {
  const hostile = 'x"\n\u001b[31m\u009b0m\u202e{"status":200}\\';
  const line = requestLine({ ...record, user: hostile, target: hostile, method: 'é' });
  t.equal(line.split('\n').length, 2);
  t.notMatch(line, /[^\x20-\x7e\né]/, 'nothing that a terminal would obey');
  t.match(JSON.parse(line), { user: hostile, target: hostile, method: 'é', totalMs: 1.23 });
  t.ok(requestLine({ ...record, target: 'x'.repeat(100_000) }).length < 1500);
  t.equal((JSON.parse(requestLine({ ...record, user: null })) as { user: unknown }).user, null);
});

t.test('times have two decimals, whatever their size', (t) => {
  const times = (ms: number) =>
    (JSON.parse(requestLine({ ...record, totalMs: ms })) as { totalMs: number }).totalMs;
  for (const ms of [0, 0.004, 0.005, 0.07, 1.5, 9.999, 123_456.789]) {
    t.equal(times(ms), Math.round(ms * 100) / 100);
  }
  t.end();
});

t.test('lines reach the file, and after a rotation the new one', async (t) => {
  const dir = t.testdir();
  const file = join(dir, 'logs', 'requests.log');
  const log = openRequestLog(file);
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
