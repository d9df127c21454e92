import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { LogRotation, type LogRotationOptions } from '../../src/primary/log-rotation.js';
import { LineFile } from '../../src/telemetry/line-file.js';
import { until, within } from '../support/until.js';

const DAY_MS = 86_400_000;
const line = (day: string): string => `{"time":"${day}T12:00:00.000Z","id":"1"}\n`;

interface Said {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** A rotation of one folder whose clock shows noon of `day`; nothing is ever waited for. */
function rotationAt(directory: string, day: string, more: Partial<LogRotationOptions> = {}) {
  const said: Said[] = [];
  let reopened = 0;
  const rotation = new LogRotation({
    directory,
    logs: ['multi-mcp-production.log', 'requests.log'],
    retentionDays: 30,
    graceMs: 0,
    now: () => new Date(`${day}T12:00:00.000Z`),
    reopen: () => {
      reopened += 1;
    },
    log: {
      info: (text: string) => said.push({ level: 'info', text }),
      warn: (_facts: object, text: string) => said.push({ level: 'warn', text }),
      error: (_facts: object, text: string) => said.push({ level: 'error', text }),
    } as unknown as LogRotationOptions['log'],
    ...more,
  });
  return { rotation, said, reopened: () => reopened };
}

async function contents(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).sort();
  const texts = await Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(directory, name));
      return [name, (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')] as const;
    }),
  );
  return Object.fromEntries(texts);
}

async function folder(t: Test, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = t.testdir({});
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

t.test(
  'at a start the logs of an earlier day become archives, which are then compressed',
  async (t) => {
    const directory = await folder(t, {
      'requests.log': line('2026-11-20'),
      'multi-mcp-production.log': line('2099-01-01'),
    });
    const later = new Date(2099, 0, 1, 12);
    const { rotation, reopened } = rotationAt(directory, '', { now: () => later });
    await rotation.check();
    t.equal(reopened(), 1);
    t.strictSame(await contents(directory), {
      'multi-mcp-production.log': line('2099-01-01'),
      'requests-2026-11-20.log': line('2026-11-20'),
    });
    const archivedAt = (await stat(join(directory, 'requests-2026-11-20.log'))).mtime;
    const kept = rotationAt(directory, '', { now: () => later, retentionDays: 100_000 });
    await kept.rotation.check();
    t.strictSame(Object.keys(await contents(directory)), [
      'multi-mcp-production.log',
      'requests-2026-11-20.log.gz',
    ]);
    const compressed = await stat(join(directory, 'requests-2026-11-20.log.gz'));
    t.equal(compressed.mtime.getTime(), archivedAt.getTime(), 'sorted by time it keeps its place');
    await rotation.check();
    t.strictSame(Object.keys(await contents(directory)), ['multi-mcp-production.log'], 'too old');
  },
);

t.test(
  'a line that was buffered over midnight does not make the new file an old one',
  async (t) => {
    const late = `{"time":"${new Date(2026, 10, 21, 23, 59, 59, 900).toISOString()}"}\n`;
    const directory = await folder(t, { 'requests.log': late });
    const { rotation } = rotationAt(directory, '2026-11-22');
    await rotation.check();
    t.strictSame(Object.keys(await contents(directory)), ['requests.log']);
  },
);

t.test('what a killed predecessor left half done is finished', async (t) => {
  const soon = new Date(new Date().getTime() + 60_000);
  const present = {
    'requests-2026-11-19.log': 'both\n',
    'requests-2026-11-18.log': 'half\n',
    'requests-2026-11-17.log': 'mine\n',
    'requests.log': line('2026-11-20'),
  };
  const directory = await folder(t, present);
  await writeFile(join(directory, 'requests-2026-11-19.log.gz'), gzipSync('both\n'));
  await writeFile(join(directory, 'requests-2026-11-18.log.gz.tmp'), 'torn');
  await writeFile(join(directory, 'requests-2026-11-17.log.gz'), gzipSync('somebody else’s\n'));
  await link(join(directory, 'requests.log'), join(directory, 'requests-2026-11-20.log'));
  const options = { now: () => soon, retentionDays: 36_500 };
  await rotationAt(directory, '', options).rotation.check();
  await rotationAt(directory, '', options).rotation.check();
  t.strictSame(await contents(directory), {
    'requests-2026-11-17.1.log.gz': 'mine\n',
    'requests-2026-11-17.log.gz': 'somebody else’s\n',
    'requests-2026-11-18.log.gz': 'half\n',
    'requests-2026-11-19.log.gz': 'both\n',
    'requests-2026-11-20.log.gz': line('2026-11-20'),
  });
});

t.test('a step that keeps failing is said once, retried, and said when it works', async (t) => {
  const directory = await folder(t, { 'requests.log': line('2026-11-20') });
  // No file, so the plan does not see it; but the name is taken.
  await mkdir(join(directory, 'requests-2026-11-20.log'));
  const { rotation, said } = rotationAt(directory, '2026-11-22');
  for (let check = 0; check < 3; check += 1) await rotation.check();
  t.strictSame(said, [
    { level: 'warn', text: 'log rotation failed; it is tried again every minute' },
  ]);
  await rmdir(join(directory, 'requests-2026-11-20.log'));
  await rotation.check();
  t.strictSame(said[1], { level: 'info', text: 'log rotation works again' });
  t.ok((await readdir(directory)).includes('requests-2026-11-20.log'));
});

t.test('a folder that is gone stops nothing', async (t) => {
  const { rotation, said } = rotationAt(join(t.testdir({}), 'nowhere'), '2026-11-22');
  await rotation.start();
  t.equal(said.length, 1);
  await rotation.close();
});

t.test('logs that were moved or removed, with their folder or without, begin anew', async (t) => {
  const directory = join(t.testdir({}), 'logs');
  const file = new LineFile(join(directory, 'multi-mcp-production.log'));
  t.teardown(() => {
    file.end();
  });
  const reopen = (): void => {
    file.reopen();
  };
  const { rotation, said } = rotationAt(directory, '2026-11-22', {
    alwaysThere: 'multi-mcp-production.log',
    reopen,
  });
  const isBack = () => existsSync(join(directory, 'multi-mcp-production.log'));
  await rotation.check();
  t.same(said, []);
  const gone = { level: 'error', text: 'the log files were moved or removed; new ones are made' };
  await rename(directory, `${directory}.away`);
  await rotation.start();
  await until(isBack, { timeoutMs: 10_000, what: 'the folder and the file' });
  await rm(join(directory, 'multi-mcp-production.log'));
  await rotation.check();
  await until(isBack, { timeoutMs: 10_000, what: 'the file' });
  await rotation.check();
  t.same(said, [gone, gone]);
  await rotation.close();
});

t.test('processes that go on writing lose, tear and double no line', async (t) => {
  const directory = t.testdir({});
  const file = join(directory, 'requests.log');
  const program = fileURLToPath(new URL('../support/log-appender.ts', import.meta.url));
  const writers = ['a', 'b', 'c'].map((name) => fork(program, [file, name], { stdio: 'inherit' }));
  t.teardown(() => {
    for (const writer of writers) writer.kill('SIGKILL');
  });
  const said = async (writer: ChildProcess): Promise<unknown> =>
    ((await within(30_000, 'a word of a writer', once(writer, 'message'))) as unknown[])[0];
  await Promise.all(writers.map(said));

  const ROUNDS = 5;
  for (let round = 1; round <= ROUNDS; round += 1) {
    await until(async () => (await stat(file)).size > 50_000, { timeoutMs: 30_000, what: 'lines' });
    // The processes live today; the rotation lives some days later, and its grace with it.
    const { rotation } = rotationAt(directory, '', {
      now: () => new Date(new Date().getTime() + round * DAY_MS),
      graceMs: round * DAY_MS + 1500,
      reopen: () => {
        for (const writer of writers) writer.send('reopen');
      },
    });
    await rotation.check();
    await until(
      async () => {
        await rotation.check();
        const names = await readdir(directory);
        return names.filter((name) => name.endsWith('.gz')).length >= round;
      },
      { timeoutMs: 30_000, everyMs: 200, what: 'a compressed archive' },
    );
  }
  const counts = await Promise.all(
    writers.map(async (writer) => {
      const count = said(writer);
      writer.send('finish');
      return Number(await count);
    }),
  );
  const kept = await contents(directory);
  const lines = Object.values(kept).join('').split('\n').slice(0, -1);
  const ids = lines.map((text) => (JSON.parse(text) as { id: string }).id);
  const total = counts.reduce((sum, count) => sum + count, 0);
  t.comment(`${total} lines in ${Object.keys(kept).length} files`);
  t.equal(new Set(ids).size, total, 'none is lost');
  t.equal(ids.length, total, 'none is doubled');
  t.ok(Object.keys(kept).length > ROUNDS);
});
