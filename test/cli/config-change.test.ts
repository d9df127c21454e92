import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readConfigText, replaceConfig, requireNoNewProblem } from '../../src/cli/config-change.js';

t.test('the file is replaced where links lead, with its mode, and the old one is kept', (t) => {
  const folder = t.testdir({ real: { 'c.json': '{}' } });
  const path = join(folder, 'real', 'c.json');
  chmodSync(path, 0o640);
  const link = join(folder, 'link.json');
  symlinkSync(path, link);
  const before = readConfigText(link);
  t.equal(before.path, path);
  const backup = replaceConfig(before, '{"servers":{}}');
  t.equal(readFileSync(link, 'utf8'), '{"servers":{}}');
  t.equal(readFileSync(backup, 'utf8'), '{}');
  t.equal(statSync(path).mode & 0o777, 0o640);
  t.equal(statSync(backup).mode & 0o777, 0o640);
  t.equal(readdirSync(join(folder, 'real')).length, 2, 'nothing else is left');
  t.end();
});

t.test('a backup is never written over', (t) => {
  const path = join(t.testdir({ 'c.json': '0' }), 'c.json');
  const before = { path, text: '', problems: [] };
  const backups = Array.from({ length: 5 }, (_, i) => replaceConfig(before, String(i + 1)));
  t.equal(new Set(backups).size, 5);
  t.same(
    backups.map((backup) => readFileSync(backup, 'utf8')),
    ['0', '1', '2', '3', '4'],
  );
  t.end();
});

t.test('a file that cannot be replaced stays as it is, and nothing is left beside it', (t) => {
  const folder = t.testdir({ 'c.json': '{}' });
  const path = join(folder, 'no', 'c.json');
  t.throws(() => replaceConfig({ path, text: '', problems: [] }, 'x'), {
    exitCode: 77,
    message: /was not changed/,
  });
  t.same(readdirSync(folder), ['c.json']);
  t.end();
});

t.test('what was wrong before is no reason to refuse a change, what it makes wrong is', (t) => {
  const path = join(t.testdir({ 'c.json': '{"global":{"prot":1}}' }), 'c.json');
  const before = readConfigText(path);
  requireNoNewProblem(before, '{\n"global":{"prot":1},"http":{}}');
  t.throws(
    () => {
      requireNoNewProblem(before, '{"global":{"prot":1,"port":"x"}}');
    },
    { exitCode: 78, message: /Nothing was written.*\n.*global.port/ },
  );
  t.end();
});
