import { rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { FileWatch } from '../../src/primary/file-watch.js';
import { shortDir } from '../support/short-dir.js';
import { until } from '../support/until.js';

t.test('a file that is written, replaced or back again is noticed', async (t) => {
  const path = join(shortDir(t), 'config.json');
  await writeFile(path, 'one');
  let changes = 0;
  const watch = new FileWatch({
    path,
    intervalMs: 10,
    onChange: () => {
      changes += 1;
    },
  });
  watch.start();
  t.teardown(() => {
    watch.stop();
  });
  const untilChanges = (count: number): Promise<true> =>
    until(() => changes >= count, { timeoutMs: 20_000, what: `${count} changes` });
  // Until the first look is over nothing is a change; then the first write is one.
  await until(
    async () => {
      await writeFile(path, `two ${Math.random()}`);
      return changes > 0;
    },
    { timeoutMs: 20_000, everyMs: 200, what: 'the first change' },
  );
  const before = changes;
  await writeFile(`${path}.new`, 'three, longer');
  await rename(`${path}.new`, path);
  await untilChanges(before + 1);
  const replaced = changes;
  await unlink(path);
  await writeFile(path, 'back again');
  await untilChanges(replaced + 1);
});
