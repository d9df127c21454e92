import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import t from 'tap';
import { inspectUwsBinary } from '../../../src/cli/doctor/uws-binary.js';
import { repository } from '../../support/repository.js';

const name = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;

t.test('the hashes that are written down are those of the pinned package', async (t) => {
  const directory = dirname(createRequire(import.meta.url).resolve('uWebSockets.js/package.json'));
  const file = join(repository, 'src', 'cli', 'doctor', 'uws-binary.ts');
  const pinned = readFileSync(file, 'utf8').matchAll(/'(uws_\w+\.node)':\s+'([0-9a-f]{64})'/g);
  let count = 0;
  for (const [, binary = '', hash] of pinned) {
    const bytes = readFileSync(join(directory, binary));
    t.equal(createHash('sha256').update(bytes).digest('hex'), hash, binary);
    count += 1;
  }
  t.equal(count, 12, 'for Node.js 20, 22 and 24 on four platforms');
});

t.test('the installed binary is told from a missing and a changed one', async (t) => {
  const installed = await inspectUwsBinary();
  t.match(installed, { state: /loads|does-not-load|unsupported|absent/ });
  const empty = t.testdir({});
  t.match(await inspectUwsBinary(empty), { state: 'unsupported', reason: new RegExp(name) });
  writeFileSync(join(empty, name), 'not a library');
  // Nobody pinned what a later Node.js would load: there only loading can tell.
  const isPinned = /_(115|127|137)\.node$/.test(name);
  const state = isPinned ? 'changed' : 'does-not-load';
  t.match(await inspectUwsBinary(empty), { state, file: join(empty, name) });
});
