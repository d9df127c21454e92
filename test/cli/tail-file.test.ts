import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { once, EventEmitter } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { tailFile } from '../../src/cli/tail-file.js';

function following(t: Test, before: string, lines = 10) {
  const path = join(t.testdir({ log: before }), 'log');
  const events = new EventEmitter();
  const stop = new AbortController();
  let text = '';
  const done = tailFile({
    path,
    lines,
    write: (piece) => {
      text += piece;
      events.emit('text');
    },
    follow: stop.signal,
    pollMs: 2,
  });
  t.teardown(async () => {
    stop.abort();
    await done;
  });
  return {
    path,
    until: async (expected: string) => {
      while (text.length < expected.length) await once(events, 'text');
      t.equal(text, expected);
    },
  };
}

async function tail(t: Test, content: string, lines: number): Promise<string> {
  const path = join(t.testdir({ log: content }), 'log');
  let text = '';
  await tailFile({
    path,
    lines,
    write: (piece) => {
      text += piece;
    },
  });
  return text;
}

t.test('the last lines, fewer when there are fewer', async (t) => {
  t.equal(await tail(t, 'a\nb\nc\n', 2), 'b\nc\n');
  t.equal(await tail(t, 'a\nb\nc\n', 10), 'a\nb\nc\n');
  t.equal(await tail(t, 'a\nb', 1), 'b');
  t.equal(await tail(t, 'a\n', 0), '');
  t.equal(await tail(t, '', 10), '');
  t.equal(
    (await tail(t, `${'x'.repeat(999)}\n`.repeat(3000), 5000)).length,
    1024 * 1024,
    'bounded',
  );
});

t.test('what is appended is shown as it comes', async (t) => {
  const { path, until } = following(t, 'a\n');
  await until('a\n');
  appendFileSync(path, 'b\n');
  await until('a\nb\n');
  appendFileSync(path, 'é'.repeat(40_000));
  await until(`a\nb\n${'é'.repeat(40_000)}`);
});

t.test('a rotation loses nothing: the rest of the old file, then the new one', async (t) => {
  const { path, until } = following(t, '');
  appendFileSync(path, 'old 1\n');
  await until('old 1\n');
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, 'old 2\n');
  writeFileSync(path, 'new 1\n');
  await until('old 1\nold 2\nnew 1\n');
  appendFileSync(path, 'new 2\n');
  await until('old 1\nold 2\nnew 1\nnew 2\n');
});

t.test('a file that was cut is read from its start', async (t) => {
  const { path, until } = following(t, 'before\n');
  await until('before\n');
  truncateSync(path);
  writeFileSync(path, 'n\n');
  await until('before\nn\n');
});

t.test('a file that is not there is the system’s error', async (t) => {
  const path = join(t.testdir(), 'none');
  await t.rejects(tailFile({ path, lines: 1, write: () => undefined }), { code: 'ENOENT' });
});
